import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TreeFile } from '../domain/tree.ts';
import { withScratch, type GitOptions } from './git.ts';
import { soundOutput } from './git-problem.ts';
import type { GitSource } from './git-tree.ts';

export interface WorkedOn {
  readonly revision: string;
  /** The files that were changed, as they were. */
  readonly files: readonly TreeFile[];
  readonly changed: ReadonlyMap<string, Uint8Array>;
  /** Paths that were added, removed or turned into something else: for a person to look at. */
  readonly besides: readonly string[];
}

/**
 * Checks one commit out into a temporary folder, lets `work` change files there, and gives what it changed. The
 * repository itself stands elsewhere, so that nothing done in the folder reaches git. Throws a {@link SourceProblem}.
 */
export async function workOnCheckout(
  source: GitSource,
  work: (folder: string) => Promise<void>,
  options: GitOptions,
): Promise<WorkedOn> {
  return withScratch(options, source.url, async (scratch) => {
    const folder = join(scratch.folder, '..', 'checkout');
    await mkdir(folder);
    const variables = { GIT_WORK_TREE: folder };
    const asked = { ...options, ref: source.ref };
    const git = async (...args: string[]): Promise<Buffer> =>
      soundOutput(await scratch.git(args, { variables }), asked);
    await git('config', 'core.bare', 'false');
    await git(
      'fetch',
      '--quiet',
      '--depth=1',
      '--no-tags',
      '--no-recurse-submodules',
      'origin',
      source.ref,
    );
    const revision = (await git('rev-parse', '--verify', 'FETCH_HEAD^{commit}')).toString().trim();
    await git('read-tree', '--reset', '-u', revision);
    await work(folder);
    await git('add', '--all', '--', folder);
    const listing = (
      await git('diff-index', '--cached', '-z', '--no-renames', revision)
    ).toString();
    const entries = changesIn(listing);
    const plain = entries.filter((entry) => entry.isPlain);
    const blob = (id: string): Promise<Buffer> => git('cat-file', 'blob', id);
    const files: TreeFile[] = [];
    const changed = new Map<string, Uint8Array>();
    for (const { path, before, after, executable } of plain) {
      files.push({ path, bytes: await blob(before), executable });
      changed.set(path, await blob(after));
    }
    const besides = entries.filter((entry) => !entry.isPlain).map(({ path }) => path);
    return { revision, files, changed, besides };
  });
}

interface ChangedEntry {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  readonly executable: boolean;
  /** A regular file that stayed one. */
  readonly isPlain: boolean;
}

/** The raw form of `git help diff-format`: `:mode mode blob blob M`, NUL, path, NUL. */
function changesIn(listing: string): readonly ChangedEntry[] {
  const words = listing.split('\0');
  return words.flatMap((word, at): ChangedEntry[] => {
    const match = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])$/.exec(word);
    const path = words[at + 1];
    if (!match || path === undefined) return [];
    const [, modeBefore = '', modeAfter, before = '', after = '', status] = match;
    const isPlain = status === 'M' && modeBefore === modeAfter && modeBefore.startsWith('100');
    return [{ path, before, after, executable: modeBefore === '100755', isPlain }];
  });
}
