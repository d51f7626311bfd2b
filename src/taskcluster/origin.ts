import { refuse, type Refusal } from '../domain/errors.ts';
import type { BuildSource } from '../domain/image.ts';
import type { Revision, TaskId } from '../domain/reference.ts';
import { isWithin, sameRepository } from './repository.ts';
import type { Definition } from './task.ts';

/** What a decision task may act for, and the commit that its build names. */
interface Acting {
  readonly task: TaskId;
  readonly source: BuildSource;
  readonly scope: string;
  readonly revision: Revision;
}

/**
 * Whether a decision task says the same as its scopes: repository, commit and branch. Every project has a prefix of its
 * own for these variables (`FXCI_HEAD_REV`, `GECKO_HEAD_REV`), some have several repositories.
 */
export function sourceProblem(
  { payload: { env }, metadata }: Definition,
  { task, source, scope, revision }: Acting,
): Refusal | undefined {
  const { repository: want, branch } = source;
  const heads = Object.keys(env).filter((name) => name.endsWith('_HEAD_REPOSITORY'));
  const own = heads.filter((name) => sameRepository(env[name] ?? '', want));
  if (own.length === 0 || !isWithin(metadata.source, want)) {
    const got = own.length > 0 ? metadata.source : heads.map((name) => env[name]).join(' and ');
    return refuse('wrong-repository', { task, got: got || 'none', want });
  }
  const told = (what: string): readonly string[] =>
    own.map((name) => env[name.replace(/REPOSITORY$/, what)] ?? '');
  const commit = told('REV').find((got) => got !== revision);
  if (commit !== undefined) {
    return refuse('wrong-commit', { task, got: commit || 'none', want: revision });
  }
  // Mercurial's tasks give the commit, a release's its tag.
  const refs = new Set(['', branch, `refs/heads/${branch}`, revision]);
  const ref = told('REF').find((got) => !refs.has(got));
  if (ref === undefined || scope.includes(':release:')) return undefined;
  return refuse('wrong-branch', { task, got: ref, want: branch });
}
