import type { TreeFile } from '../domain/tree.ts';
import { withScratch, type GitOptions, type Scratch } from './git.ts';
import { soundOutput, type GitAsked } from './git-problem.ts';
import { SourceProblem, type TreeLimits } from './problem.ts';

export interface GitSource {
  readonly url: string;
  /** `refs/heads/main`, or a full commit. */
  readonly ref: string;
}

/** What to read: the paths, or every regular text file that holds one of the names. */
export type Wanted = { readonly paths: readonly string[] } | { readonly names: readonly string[] };

export interface GitFiles {
  readonly revision: string;
  readonly files: readonly TreeFile[];
  /** Of the paths asked for those that are no files, and what they are. */
  readonly noFiles: readonly NoFile[];
}

export interface NoFile {
  readonly path: string;
  readonly what: 'a symbolic link' | 'a submodule' | 'a folder';
}

export interface GitTreeOptions extends GitOptions {
  readonly limits: TreeLimits;
  /** Fetch every blob, also where few are read: for a server that does not hand them out later. */
  readonly whole?: boolean | undefined;
}

/** Reads files of a git repository at one ref, from a fetch of that one commit. Throws a {@link SourceProblem}. */
export async function readGitFiles(
  source: GitSource,
  wanted: Wanted,
  options: GitTreeOptions,
): Promise<GitFiles> {
  return withScratch(options, source.url, async (scratch) => {
    const asked = { ...options, ref: source.ref };
    const git: Git = async (args, input) => soundOutput(await scratch.git(args, { input }), asked);
    const filter = 'paths' in wanted && !options.whole ? [withoutBlobs] : [];
    await git([...fetch, ...filter, 'origin', source.ref]);
    const tip = await git(['rev-parse', '--verify', 'FETCH_HEAD^{commit}']);
    const revision = tip.toString().trim();
    const { entries, noFiles } =
      'paths' in wanted
        ? await listed(git, revision, wanted.paths)
        : await naming(scratch, { revision, names: wanted.names }, asked);
    if (entries.length > options.limits.files) {
      const problem = `more than ${options.limits.files} files are to be read`;
      throw new SourceProblem({ problem, mayPass: false });
    }
    return { revision, files: await readBlobs(git, entries, options.limits), noFiles };
  });
}

const fetch = ['fetch', '--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules'];

/** Listed files are few: their blobs come when they are read. A server that can't filter sends everything. */
const withoutBlobs = '--filter=blob:none';

type Git = (args: readonly string[], input?: string) => Promise<Buffer>;

interface Entry {
  readonly path: string;
  readonly blob: string;
  readonly executable: boolean;
}

type Entries = { readonly entries: readonly Entry[] } & Pick<GitFiles, 'noFiles'>;

async function listed(git: Git, revision: string, paths: readonly string[]): Promise<Entries> {
  const listing = await git(['ls-tree', '-z', '--full-tree', revision, '--', ...paths]);
  return { entries: regular(listing), noFiles: others(listing) };
}

/** The regular text files that hold one of the names. */
async function naming(
  scratch: Scratch,
  { revision, names }: { readonly revision: string; readonly names: readonly string[] },
  asked: GitAsked,
): Promise<Entries> {
  const patterns = names.flatMap((name) => ['-e', name]);
  const end = await scratch.git(['grep', '-lzFI', '--no-textconv', ...patterns, revision]);
  const isNone = end.exitCode === 1 && end.stderr === '';
  if (isNone) return { entries: [], noFiles: [] };
  const found = soundOutput(end, asked).toString().split('\0');
  const paths = new Set(found.map((line) => line.slice(revision.length + 1)));
  const all = soundOutput(await scratch.git(['ls-tree', '-rz', '--full-tree', revision]), asked);
  return { entries: regular(all).filter(({ path }) => paths.has(path)), noFiles: [] };
}

/** The regular files of a listing: symlinks, submodules and folders are left out. */
function regular(listing: Buffer): readonly Entry[] {
  return listing
    .toString()
    .split('\0')
    .flatMap((line) => {
      const [, mode, blob = '', path = ''] =
        /^(100\d{3}) blob ([0-9a-f]+)\t([^]+)$/.exec(line) ?? [];
      // A path that is not UTF-8 can't be named in a patch.
      return mode && !path.includes('\ufffd')
        ? [{ path, blob, executable: mode === '100755' }]
        : [];
    });
}

const kinds: Readonly<Record<string, NoFile['what']>> = {
  '120000': 'a symbolic link',
  '160000': 'a submodule',
  '040000': 'a folder',
};

/** What of a listing is no regular file. */
function others(listing: Buffer): readonly NoFile[] {
  return listing
    .toString()
    .split('\0')
    .flatMap((line) => {
      const [, mode = '', path = ''] = /^(\d{6}) [a-z]+ [0-9a-f]+\t([^]+)$/.exec(line) ?? [];
      const what = kinds[mode];
      return what ? [{ path, what }] : [];
    });
}

async function readBlobs(
  git: Git,
  entries: readonly Entry[],
  limits: TreeLimits,
): Promise<readonly TreeFile[]> {
  if (entries.length === 0) return [];
  const lines = (some: readonly Entry[]): string => some.map(({ blob }) => `${blob}\n`).join('');
  const sizes = (await git(['cat-file', '--batch-check=%(objectsize)'], lines(entries)))
    .toString()
    .split('\n')
    .map(Number);
  const small = entries.filter((_, index) => (sizes[index] ?? Infinity) <= limits.fileBytes);
  const total = sizes
    .filter((size) => size <= limits.fileBytes)
    .reduce((sum, size) => sum + size, 0);
  if (total > limits.treeBytes)
    throw new SourceProblem({ problem: 'it is larger than allowed', mayPass: false });
  const batch = await git(['cat-file', '--batch'], lines(small));
  let at = 0;
  return small.map(({ path, executable }) => {
    const headEnd = batch.indexOf('\n', at);
    const size = Number(batch.toString('latin1', at, headEnd).split(' ')[2]);
    const bytes = new Uint8Array(batch.subarray(headEnd + 1, headEnd + 1 + size));
    at = headEnd + 1 + size + 1;
    return { path, bytes, executable };
  });
}
