import type { Definition } from './task.ts';

/**
 * What gives a task away as a pull request's, or `undefined`. A pull request runs code that nobody has landed; Taskcluster
 * gives such tasks no level-3 route, and this looks at what they carry besides.
 */
export function pullRequestSign(definition: Definition): string | undefined {
  const { routes, scopes, payload, extra, tags } = definition;
  return (
    routes.find((route) => /(^|\.)cache\.(pr|head)\.|-pr\.|(^|\.)pull-request(\.|$)/.test(route)) ??
    scopes.find((scope) => /pull-request|:pr:/.test(scope)) ??
    pullRequestText('extra.tasks_for', extra?.tasks_for) ??
    Object.entries(tags)
      .map(([tag, value]) => pullRequestText(`tags.${tag}`, value))
      .find(Boolean) ??
    Object.entries(payload.env)
      .map(([name, value]) => pullRequestEnvironment(name, value))
      .find(Boolean)
  );
}

function pullRequestText(where: string, value: unknown): string | undefined {
  return typeof value === 'string' && value.includes('pull-request')
    ? `${where} ${value}`
    : undefined;
}

function pullRequestEnvironment(name: string, value: string): string | undefined {
  const sign =
    name.includes('PULL_REQUEST') ||
    (name === 'PROJECT' && value.endsWith('-pr')) ||
    (name.endsWith('_HEAD_REF') && /^(refs\/)?pull\//.test(value)) ||
    (name === 'TASKS_FOR' && value.includes('pull-request'));
  return sign ? `${name} ${value}` : undefined;
}

/** What would have let somebody work inside the running task, or `undefined`. Whatever its value: it has no business here. */
export function interactiveSign({ payload }: Definition): string | undefined {
  const { features, env, rdpInfo } = payload;
  for (const feature of ['interactive', 'rdp']) {
    const value = features[feature];
    if (value !== undefined && value !== false) return `features.${feature}`;
  }
  if (rdpInfo !== undefined) return 'rdpInfo';
  return 'TASKCLUSTER_INTERACTIVE' in env ? 'TASKCLUSTER_INTERACTIVE' : undefined;
}
