import pLimit from 'p-limit';
import { fail, refuse, type Refusal } from '../domain/errors.ts';
import { sourceUrl, type PinSource } from '../domain/image.ts';
import { createShared, type Shared } from '../domain/sharing.ts';
import type { Trees } from '../ports.ts';
import type { Reworked, Tree, TreeFile } from '../domain/tree.ts';
import { workOnCheckout } from './checkout.ts';
import type { Variables } from './environment.ts';
import {
  readGitFiles,
  type GitFiles,
  type GitTreeOptions,
  type NoFile,
  type Wanted,
} from './git-tree.ts';
import { hgRevision, readHgFile, type HgOptions } from './hg-tree.ts';
import { makePatch } from './patch.ts';
import { SourceProblem, type TreeLimits } from './problem.ts';
import { isOnBranch } from './reachable.ts';

export interface TreesOptions {
  /** `process.env`: PATH, and how a server is reached, are taken from it and nothing else. */
  readonly environment: Variables;
  /** Where temporary folders go; the system's by default. */
  readonly temporary?: string | undefined;
  /** For one git process (5 minutes) and one request of Mercurial's (1 minute). */
  readonly timeouts?: { readonly gitMs?: number; readonly hgMs?: number } | undefined;
  readonly limits?: Partial<TreeLimits> | undefined;
}

interface Readers {
  readonly git: GitTreeOptions;
  readonly hg: HgOptions;
  readonly reads: Reads;
}

/** Reads under way, each within its limit. */
interface Reads {
  readonly git: Shared<GitFiles>;
  readonly hg: Shared<Tree>;
  readonly file: Shared<string | Refusal>;
}

const mebibyte = 1024 * 1024;

/** At once, whoever asks: git processes, trees and files that are read, and the same of Mercurial’s, whose server is everybody’s. */
const atOnce = { processes: 4, git: 4, hg: 2, files: 4 } as const;

/**
 * Source trees over git and over hg.mozilla.org's HTTP. The same tree asked for by many at once is read once. A read is
 * tried twice where the network failed; nothing that was fetched stays. Throws `tree-unreachable`, `tree-file-missing`
 * and `tree-file-strange`, with reasons that hold no path and no login.
 */
export function createTrees(options: TreesOptions): Trees {
  const limits = {
    fileBytes: 5 * mebibyte,
    treeBytes: 64 * mebibyte,
    files: 1000,
    ...options.limits,
  };
  const git = {
    environment: options.environment,
    temporary: options.temporary,
    processes: pLimit(atOnce.processes),
    timeoutMs: options.timeouts?.gitMs ?? 300_000,
    maxBytes: 256 * mebibyte,
    limits,
  };
  const reads: Reads = {
    git: createShared(pLimit(atOnce.git)),
    hg: createShared(pLimit(atOnce.hg)),
    file: createShared(pLimit(atOnce.files)),
  };
  const readers = { git, hg: { timeoutMs: options.timeouts?.hgMs ?? 60_000, limits }, reads };
  return {
    read: (source, names) =>
      named(sourceUrl(source), () =>
        source.git === undefined
          ? reads.hg(JSON.stringify(source), () => readHg(source, readers))
          : readGit(source, names, readers),
      ),
    file: (repository, revision, path) =>
      named(repository, () =>
        reads.file(JSON.stringify([repository, revision, path]), () =>
          readOne(repository, { revision, path }, readers),
        ),
      ),
    rework: (source, ref, work) =>
      named(sourceUrl(source), () => rework(source, { ref, work }, git)),
    patch: (edit) => makePatch(edit, git),
  };
}

async function rework(
  source: PinSource,
  {
    ref,
    work,
  }: { readonly ref: string | undefined; readonly work: (folder: string) => Promise<void> },
  git: GitTreeOptions,
): Promise<Reworked> {
  if (source.git === undefined) {
    throw new SourceProblem({ problem: 'only git trees can be checked out', mayPass: false });
  }
  const { git: url, branch } = source;
  if (ref !== undefined && !(await isOnBranch({ url, branch }, ref, git))) {
    return fail('not-on-branch', { source: shown(url), branch, commit: ref });
  }
  const from = { url, ref: ref ?? `refs/heads/${branch}` };
  const { revision, files, changed, besides } = await workOnCheckout(from, work, git);
  return { tree: { source: shown(url), revision, files }, changed, besides };
}

/** An address as it may be shown: without the login that somebody may have put into it. */
function shown(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}

async function named<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SourceProblem)) throw error;
    return fail('tree-unreachable', { source: shown(url), problem: error.problem }, error);
  }
}

async function twice<T>(work: (again: boolean) => Promise<T>): Promise<T> {
  try {
    return await work(false);
  } catch (error) {
    if (!(error instanceof SourceProblem && error.mayPass)) throw error;
    return work(true);
  }
}

async function readGit(
  source: PinSource & { readonly git: string },
  names: readonly string[],
  { git, reads }: Readers,
): Promise<Tree> {
  const wanted: Wanted = source.files === 'auto' ? { names } : { paths: source.files };
  const from = { url: source.git, ref: `refs/heads/${source.branch}` };
  const read = await reads.git(JSON.stringify([from, wanted]), () => fetchGit(from, wanted, git));
  const [strange] = read.noFiles;
  if (strange) return fail('tree-file-strange', strangeFacts(source.git, read.revision, strange));
  return treeOf(source, read.revision, read.files);
}

/** The second time everything is fetched, for a server that promised to hand out blobs later and does not. */
function fetchGit(
  from: { readonly url: string; readonly ref: string },
  wanted: Wanted,
  git: GitTreeOptions,
): Promise<GitFiles> {
  return twice((whole) => readGitFiles(from, wanted, { ...git, whole }));
}

async function readHg(source: PinSource & { readonly hg: string }, { hg }: Readers): Promise<Tree> {
  const revision = await twice(() => hgRevision(source.hg, source.branch, hg));
  const paths = source.files === 'auto' ? [] : source.files;
  const files: TreeFile[] = [];
  // One after the other: hg.mozilla.org is everybody's.
  for (const path of paths) {
    const file = await twice(() => readHgFile(source.hg, { revision, path }, hg));
    if (file) files.push(file);
  }
  return treeOf(source, revision, files);
}

function treeOf(source: PinSource, revision: string, files: readonly TreeFile[]): Tree {
  const url = shown(sourceUrl(source));
  const listed = source.files === 'auto' ? [] : source.files;
  const missing = listed.find((path) => !files.some((file) => file.path === path));
  if (missing !== undefined)
    return fail('tree-file-missing', { source: url, path: missing, revision });
  return { source: url, revision, files };
}

function strangeFacts(url: string, revision: string, { path, what }: NoFile) {
  return { source: shown(url), revision, path, what };
}

async function readOne(
  url: string,
  { revision, path }: { readonly revision: string; readonly path: string },
  { git, hg }: Readers,
): Promise<string | Refusal> {
  if (await isMercurial(url, revision, hg)) {
    const file = await twice(() => readHgFile(url, { revision, path }, hg));
    return textOf(file, { source: shown(url), path, revision });
  }
  const read = await fetchGit({ url, ref: revision }, { paths: [path] }, git);
  const [strange] = read.noFiles;
  if (strange) return refuse('tree-file-strange', strangeFacts(url, revision, strange));
  return textOf(read.files[0], { source: shown(url), path, revision });
}

function textOf(
  file: TreeFile | undefined,
  facts: { readonly source: string; readonly path: string; readonly revision: string },
): string | Refusal {
  return file ? Buffer.from(file.bytes).toString() : refuse('tree-file-missing', facts);
}

/** An address does not say which it is; `hg.` and git's usual places do, others are asked. */
async function isMercurial(url: string, revision: string, hg: HgOptions): Promise<boolean> {
  if (!/^https?:/i.test(url) || /\.git\/?$/.test(url)) return false;
  const { hostname } = new URL(url);
  if (hostname.startsWith('hg.')) return true;
  if (/^(?:git\.|git(?:hub|lab)\.)/.test(hostname)) return false;
  try {
    await twice(() => hgRevision(url, revision, hg));
    return true;
  } catch (error) {
    if (error instanceof SourceProblem) return false;
    throw error;
  }
}
