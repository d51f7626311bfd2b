import type { BuildPolicy } from '../../src/image.ts';
import type { TaskId } from '../../src/reference.ts';

/** What a build is made from. */
export interface Recipe {
  readonly build: BuildPolicy;
  readonly revision: string;
  /** The decision task, which is the task group. */
  readonly decision: TaskId;
  readonly created: Date;
  readonly level: number;
  /** 64 hex digits: of the image’s inputs, at the end of its index route. */
  readonly indexHash: string;
}

/** A definition as `queue.task` gives it. Not read-only: whoever makes a bad one changes a good one. */
export interface TaskDefinition {
  provisionerId?: string;
  workerType?: string;
  taskQueueId?: string;
  schedulerId: string;
  projectId: string;
  taskGroupId: string;
  dependencies: string[];
  requires: string;
  routes: string[];
  priority: string;
  retries: number;
  created: string;
  deadline: string;
  expires: string;
  scopes: string[];
  payload: {
    image: unknown;
    env: Record<string, string>;
    features: Record<string, unknown>;
    maxRunTime: number;
    artifacts?: Record<string, { type: string; path: string; expires: unknown }>;
    rdpInfo?: unknown;
  };
  metadata: { name: string; owner: string; source: string; description: string };
  tags: Record<string, string>;
  extra: Record<string, unknown>;
}

const day = 24 * 60 * 60 * 1000;

/** A docker-image task's definition in the shape that taskgraph gives it and the queue tells it. */
export function imageDefinition(recipe: Recipe): TaskDefinition {
  const { build, revision, decision, created, level } = recipe;
  const expires = new Date(created.getTime() + 365 * day).toISOString();
  return {
    ...pool(recipe),
    schedulerId: `${build.trustDomain}-level-${level}`,
    projectId: 'none',
    taskGroupId: decision,
    dependencies: [decision],
    requires: 'all-completed',
    routes: imageRoutes(recipe).map((route) => `index.${route}`),
    priority: 'low',
    retries: 5,
    created: created.toISOString(),
    deadline: new Date(created.getTime() + day).toISOString(),
    expires,
    scopes: [],
    payload: {
      image: `mozillareleases/image_builder:6.2.0@sha256:${'4b'.repeat(32)}`,
      env: environment(recipe),
      features: { chainOfTrust: true },
      maxRunTime: 7200,
      artifacts: {
        'public/image.tar.zst': { type: 'file', path: '/workspace/out/image.tar.zst', expires },
      },
    },
    metadata: {
      name: `docker-image-${build.name}`,
      owner: 'release+taskgraph-ci@mozilla.com',
      source: `${build.repository.replace(/(\.git)?\/?$/, '')}/blob/${revision}/taskcluster/kinds/docker-image`,
      description: `Build the docker image ${build.name} for use by dependent tasks`,
    },
    tags: {
      kind: 'docker-image',
      label: `docker-image-${build.name}`,
      createdForUser: 'release+taskgraph-ci@mozilla.com',
      'worker-implementation': 'docker-worker',
    },
    extra: {
      index: { rank: 0 },
      parent: decision,
    },
  };
}

function pool({ build }: Recipe): Record<string, string> {
  const [provisionerId = '', workerType = ''] = build.workerPool.split('/');
  return { provisionerId, workerType, taskQueueId: build.workerPool };
}

function environment({ build, revision, decision, indexHash }: Recipe): Record<string, string> {
  const repository = build.repository;
  const vcs =
    build.trustDomain === 'gecko'
      ? {
          GECKO_BASE_REPOSITORY: 'https://hg.mozilla.org/mozilla-unified',
          GECKO_HEAD_REPOSITORY: repository,
          GECKO_HEAD_REV: revision,
        }
      : {
          VCS_BASE_REPOSITORY: repository,
          VCS_HEAD_REPOSITORY: repository,
          VCS_HEAD_REV: revision,
          VCS_REPOSITORY_TYPE: 'git',
        };
  return {
    CONTEXT_TASK_ID: decision,
    CONTEXT_PATH: `public/docker-contexts/${build.name}.tar.gz`,
    HASH: indexHash,
    PROJECT: build.project,
    IMAGE_NAME: build.name,
    DOCKER_IMAGE_ZSTD_LEVEL: '10',
    DOCKER_BUILD_ARGS: '{"DOCKER_IMAGE_PACKAGES": ""}',
    ...vcs,
  };
}

/** The routes under which the index knows the task, without `index.`. */
export function imageRoutes({ build, level, indexHash, created }: Recipe): string[] {
  const cache = `${build.trustDomain}.cache.level-${level}.docker-images.v2.${build.name}`;
  const [date = '', time = ''] = created.toISOString().split(/[T.]/);
  const digits = `${date}${time}`.replaceAll(/\D/g, '');
  return [
    `${cache}.hash.${indexHash}`,
    `${cache}.latest`,
    `${cache}.pushdate.${date.replaceAll('-', '.')}.${digits}`,
  ];
}

/** The decision task of a push. */
export function decisionDefinition(recipe: Recipe): TaskDefinition {
  const { build, revision, decision, created, level } = recipe;
  const { trustDomain } = build;
  const image = imageDefinition(recipe);
  return {
    ...image,
    provisionerId: `${trustDomain}-${level}`,
    workerType: 'decision',
    taskQueueId: `${trustDomain}-${level}/decision`,
    dependencies: [],
    routes: decisionRoutes(recipe).map((route) => `index.${route}`),
    scopes: [`assume:repo:${build.repository.replace(/^https?:\/\//, '')}:branch:main`],
    payload: {
      image: `mozillareleases/taskgraph:decision-v24.1.1@sha256:${'5c'.repeat(32)}`,
      env: { [`${trustDomain.toUpperCase()}_HEAD_REV`]: revision },
      features: { chainOfTrust: true, taskclusterProxy: true },
      maxRunTime: 1800,
    },
    metadata: {
      name: 'Decision Task for cron or push',
      owner: 'release+taskgraph-ci@mozilla.com',
      source: `${build.repository}/raw/${revision}/.taskcluster.yml`,
      description: `The task that creates all of the other tasks, ${decision}`,
    },
    tags: { kind: 'decision-task', createdForUser: 'release+taskgraph-ci@mozilla.com' },
    extra: { tasks_for: 'github-push' },
    created: created.toISOString(),
  };
}

export function decisionRoutes({ build, revision }: Recipe): readonly string[] {
  const project = `${build.trustDomain}.v2.${build.project}`;
  return [
    `${project}.revision.${revision}.taskgraph.decision`,
    `${project}.latest.taskgraph.decision`,
  ];
}
