import type { BuildPolicy, BuildSource } from '../../src/image.ts';
import type { TaskId } from '../../src/reference.ts';

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

function isHg({ branch }: BuildSource): boolean {
  return branch === 'default';
}

/** Where the pages of a repository are. */
function pages({ repository }: BuildSource): string {
  return repository.replace(/(\.git)?\/?$/, '');
}

function environment(recipe: Recipe): Record<string, string> {
  const { build, source, revision, decision, indexHash } = recipe;
  const { repository } = source;
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
    PROJECT: source.project,
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
  const { build, source, revision, created, level } = recipe;
  const { trustDomain } = build;
  const [, host = ''] = /^https?:\/\/(.*)$/.exec(pages(source)) ?? [];
  return {
    ...imageDefinition(recipe),
    provisionerId: `${trustDomain}-${level}`,
    workerType: 'decision',
    taskQueueId: `${trustDomain}-${level}/decision`,
    dependencies: [],
    routes: decisionRoutes(recipe).map((route) => `index.${route}`),
    scopes: [`assume:repo:${host}:branch:${source.branch}`],
    payload: {
      image: `mozillareleases/taskgraph:decision-v24.1.1@sha256:${'5c'.repeat(32)}`,
      env: decisionEnvironment(recipe),
      features: { chainOfTrust: true, taskclusterProxy: true },
      maxRunTime: 1800,
    },
    metadata: {
      name: 'Decision Task (push)',
      owner: 'release+taskgraph-ci@mozilla.com',
      source: `${pages(source)}/${isHg(source) ? 'raw-file' : 'raw'}/${revision}/.taskcluster.yml`,
      description: 'The task that creates all of the other tasks in the task graph',
    },
    tags: { kind: 'decision-task', createdForUser: 'release+taskgraph-ci@mozilla.com' },
    extra: { tasks_for: isHg(source) ? 'hg-push' : 'github-push' },
    created: created.toISOString(),
  };
}

function decisionEnvironment({ source, revision }: Recipe): Record<string, string> {
  const prefix = isHg(source) ? 'GECKO' : source.project.toUpperCase().replaceAll(/\W/g, '_');
  const ref = isHg(source) ? {} : { [`${prefix}_HEAD_REF`]: `refs/heads/${source.branch}` };
  return {
    [`${prefix}_HEAD_REPOSITORY`]: source.repository,
    ...ref,
    [`${prefix}_HEAD_REV`]: revision,
  };
}

/** An action of a push's group, such as the one that builds cached tasks again. */
export function actionDefinition(recipe: Recipe): TaskDefinition {
  const decision = decisionDefinition(recipe);
  const name = 'rebuild-cached-tasks';
  return {
    ...decision,
    routes: recipe.action ? [`index.${actionRoute(recipe, recipe.action)}`] : [],
    scopes: decision.scopes.map((scope) => scope.replace(/:branch:.*$/, `:action:${name}`)),
    metadata: { ...decision.metadata, name: `Action: ${name}` },
    extra: { tasks_for: 'action', parent: recipe.decision, action: { name } },
  };
}

/** The route that the index knows an action task by, without `index.`. */
export function actionRoute(recipe: Recipe, action: string): string {
  return `${projectRoute(recipe)}.revision.${recipe.revision}.taskgraph.actions.${action}`;
}

export function decisionRoutes(recipe: Recipe): readonly string[] {
  const project = projectRoute(recipe);
  return [
    `${project}.revision.${recipe.revision}.taskgraph.decision`,
    `${project}.latest.taskgraph.decision`,
  ];
}

function projectRoute({ build, source }: Recipe): string {
  return `${build.trustDomain}.v2.${source.project}`;
}
