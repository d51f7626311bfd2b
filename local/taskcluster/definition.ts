import { createHash } from 'node:crypto';
import type { BuildPolicy, BuildSource } from '../../src/domain/image.ts';
import type { TaskId } from '../../src/domain/reference.ts';

/** What a build is made from. */
export interface Recipe {
  readonly build: BuildPolicy;
  /** The project that was pushed to. */
  readonly source: BuildSource;
  readonly revision: string;
  /** The decision task, which is the task group. */
  readonly decision: TaskId;
  /** The action task of the group that creates the image task, where the decision task does not. */
  readonly action?: TaskId | undefined;
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
    command?: unknown;
    cache?: Record<string, string>;
    onExitStatus?: object;
    artifacts?: Record<string, { type: string; path: string; expires: unknown }>;
    rdpInfo?: unknown;
  };
  metadata: { name: string; owner: string; source: string; description: string };
  tags: Record<string, string>;
  extra: Record<string, unknown>;
}

export const day = 24 * 60 * 60 * 1000;

/** A docker-image task's definition in the shape that taskgraph gives it and the queue tells it. */
export function imageDefinition(recipe: Recipe): TaskDefinition {
  const { build, source, revision, decision, created, level } = recipe;
  const parent = recipe.action ?? decision;
  const expires = new Date(created.getTime() + 365 * day).toISOString();
  return {
    ...pool(recipe),
    schedulerId: `${build.trustDomain}-level-${level}`,
    projectId: 'none',
    taskGroupId: decision,
    dependencies: [parent],
    requires: 'all-completed',
    routes: [...imageRoutes(recipe).map((route) => `index.${route}`), watchRoute(recipe)],
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
      onExitStatus: {},
      artifacts: {
        'public/image.tar.zst': { type: 'file', path: '/workspace/out/image.tar.zst', expires },
      },
    },
    metadata: {
      name: `docker-image-${build.name}`,
      owner: 'release+taskgraph-ci@mozilla.com',
      source: `${pages(source)}/${isHg(source) ? 'file' : 'blob'}/${revision}/taskcluster/kinds/docker-image`,
      description: `Build the docker image ${build.name} for use by dependent tasks`,
    },
    tags: {
      kind: 'docker-image',
      label: `docker-image-${build.name}`,
      createdForUser: 'release+taskgraph-ci@mozilla.com',
      project: source.project,
      'trust-domain': build.trustDomain,
    },
    extra: {
      index: { rank: 0 },
      parent,
    },
  };
}

function pool({ build }: Recipe): Record<string, string> {
  const [provisionerId = '', workerType = ''] = build.workerPool.split('/');
  return { provisionerId, workerType, taskQueueId: build.workerPool };
}

export function isHg({ branch }: BuildSource): boolean {
  return branch === 'default';
}

/** Where the pages of a repository are. */
export function pages({ repository }: BuildSource): string {
  return repository.replace(/(\.git)?\/?$/, '');
}

function environment(recipe: Recipe): Record<string, string> {
  const { build, source, revision, decision, level } = recipe;
  const { repository } = source;
  const context = `public/docker-contexts/${build.name}.tar.gz`;
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
    CONTEXT_PATH: context,
    HASH: createHash('sha256').update(`${context} ${revision}`).digest('hex'),
    PROJECT: source.project,
    IMAGE_NAME: build.name,
    DOCKER_IMAGE_ZSTD_LEVEL: level === 3 ? '10' : '3',
    DOCKER_BUILD_ARGS: '{"DOCKER_IMAGE_PACKAGES":""}',
    ...vcs,
    SCCACHE_DISABLE: '1',
    MOZ_AUTOMATION: '1',
  };
}

/** Where the task is watched: GitHub's checks, or Treeherder. */
export function watchRoute({ source, revision }: Recipe): string {
  return isHg(source) ? `tc-treeherder.v2.${source.project}.${revision}` : 'checks';
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
