import {
  day,
  imageDefinition,
  isHg,
  pages,
  watchRoute,
  type Recipe,
  type TaskDefinition,
} from './definition.ts';

/** The decision task of a push, in the shape that `.taskcluster.yml` gives it. */
export function decisionDefinition(recipe: Recipe): TaskDefinition {
  const { build, source, revision, created, level } = recipe;
  const { trustDomain } = build;
  const [, host = ''] = /^https?:\/\/(.*)$/.exec(pages(source)) ?? [];
  const { owner } = imageDefinition(recipe).metadata;
  const isGecko = isHg(source);
  return {
    ...imageDefinition(recipe),
    provisionerId: `${trustDomain}-${level}`,
    workerType: 'decision',
    taskQueueId: `${trustDomain}-${level}/decision`,
    dependencies: [],
    routes: [watchRoute(recipe), ...decisionRoutes(recipe).map((route) => `index.${route}`)],
    priority: 'very-low',
    retries: isGecko ? 0 : 5,
    scopes: [`assume:repo:${host}:branch:${source.branch}`],
    payload: decisionPayload(recipe),
    metadata: {
      name: isGecko ? 'Gecko Decision Task' : 'Decision Task (push)',
      owner,
      source: `${pages(source)}/${isGecko ? 'raw-file' : 'raw'}/${revision}/.taskcluster.yml`,
      description: 'The task that creates all of the other tasks in the task graph',
    },
    tags: {
      ...(isGecko && { project: source.project, 'trust-domain': trustDomain }),
      createdForUser: owner,
      kind: 'decision-task',
    },
    extra: { tasks_for: isGecko ? 'hg-push' : 'github-push' },
    created: created.toISOString(),
  };
}

function decisionPayload(recipe: Recipe): TaskDefinition['payload'] {
  const { created, level, build } = recipe;
  const after = (days: number): string => new Date(created.getTime() + days * day).toISOString();
  const artifact = (path: string, days: number) => ({
    type: 'directory',
    path,
    expires: after(days),
  });
  return {
    env: decisionEnvironment(recipe),
    cache: {
      [`${build.trustDomain}-level-${level}-checkouts-sparse-v1`]: '/builds/worker/checkouts',
    },
    features: { taskclusterProxy: true, chainOfTrust: true },
    image: `mozillareleases/taskgraph:decision-v24.1.1@sha256:${'5c'.repeat(32)}`,
    command: ['/usr/local/bin/run-task', '--', 'bash', '-cx', 'taskgraph decision'],
    maxRunTime: 1800,
    artifacts: {
      public: artifact('/builds/worker/artifacts', 365),
      'public/docker-contexts': artifact('/builds/worker/checkouts/src/docker-contexts', 7),
    },
  };
}

/** A repository's variables begin with the first word of its name. */
function decisionEnvironment({ source, revision }: Recipe): Record<string, string> {
  const { repository, project, branch } = source;
  if (isHg(source)) return { GECKO_HEAD_REPOSITORY: repository, GECKO_HEAD_REV: revision };
  const [word = ''] = project.split(/\W/);
  const variables = {
    BASE_REPOSITORY: repository,
    BASE_REF: `refs/heads/${branch}`,
    BASE_REV: '0'.repeat(40),
    HEAD_REPOSITORY: repository,
    HEAD_REF: `refs/heads/${branch}`,
    HEAD_REV: revision,
    REPOSITORY_TYPE: 'git',
  };
  const env = Object.entries(variables).map(([name, value]) => [
    `${word.toUpperCase()}_${name}`,
    value,
  ]);
  return { ...Object.fromEntries(env), REPOSITORIES: JSON.stringify({ [word]: project }) };
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

/** The routes that the index knows a decision task by, without `index.`. */
export function decisionRoutes(recipe: Recipe): readonly string[] {
  const project = projectRoute(recipe);
  return [
    `${project}.latest.taskgraph.decision`,
    `${project}.revision.${recipe.revision}.taskgraph.decision`,
  ];
}

function projectRoute({ build, source }: Recipe): string {
  return `${build.trustDomain}.v2.${source.project}`;
}
