import type { BuildSource } from '../domain/image.ts';
import { repositoryPath } from './repository.ts';

/** What a decision task may be made for. An action's task is made for an action only. */
export type Occasion = 'branch' | 'cron' | 'release' | 'action';

/**
 * The source that a task may act for: every role that its scopes give it is one of that source's, and there is at least
 * one. Otherwise what it may act for instead, for people.
 *
 * Scopes are what nobody can write into a task who does not have them: a push to another repository, another branch or a
 * pull request makes a task with other ones, whatever its environment says.
 * @see https://docs.taskcluster.net/docs/manual/design/apis/hawk/scopes
 */
export function actsFor(
  scopes: readonly string[],
  sources: readonly BuildSource[],
  occasions: readonly Occasion[],
): { readonly source: BuildSource; readonly scope: string } | { readonly got: string } {
  const roles = scopes.filter(givesRole);
  const source = sources.find((one) => roles.every((role) => isOf(one, role, occasions)));
  const [scope] = roles;
  if (source && scope) return { source, scope };
  const foreign = roles.filter((role) => !sources.some((one) => isOf(one, role, occasions)));
  const told = (foreign.length > 0 ? foreign : roles).map((role) => role.replace(/^assume:/, ''));
  return { got: told.join(' and ').slice(0, 200) || 'no repository' };
}

/** Also `*`, `as*`: a star at the end stands for everything that begins so. */
function givesRole(scope: string): boolean {
  return (
    scope.startsWith('assume:') || (scope.endsWith('*') && 'assume:'.startsWith(scope.slice(0, -1)))
  );
}

function isOf(source: BuildSource, role: string, occasions: readonly Occasion[]): boolean {
  const prefix = `assume:repo:${repositoryPath(source.repository)}:`;
  if (!role.startsWith(prefix) || role.endsWith('*')) return false;
  const [, kind, name] = /^([a-z]+):(\S+)$/.exec(role.slice(prefix.length)) ?? [];
  const occasion = occasions.find((one) => one === kind);
  if (!occasion) return false;
  switch (occasion) {
    case 'branch':
      return name === source.branch;
    case 'release':
      return source.releases;
    case 'cron':
    case 'action':
      return true;
  }
}

/** What the scope of a source's branch is called, for people. */
export function wantedRoles(sources: readonly BuildSource[]): string {
  return sources
    .map(({ repository, branch }) => `repo:${repositoryPath(repository)}:branch:${branch}`)
    .join(' or ');
}
