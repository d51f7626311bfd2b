import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { LimitFunction } from 'p-limit';
import { findGit, gitEnvironment, type Variables } from './environment.ts';
import { makeFolder } from './leftovers.ts';

export interface GitOptions {
  /** `process.env`: PATH and the few variables that git needs to reach a server are taken from it. */
  readonly environment: Variables;
  /** Where temporary folders go; the system's by default. */
  readonly temporary?: string | undefined;
  /** In which every git process runs: so many at once, whoever asks for them. */
  readonly processes: LimitFunction;
  /** For one git process. */
  readonly timeoutMs: number;
  /** Bytes that one git process may print. */
  readonly maxBytes: number;
}

/** How a git process ended. Its stderr is for {@link gitProblem} only: it holds paths of this machine. */
export interface GitEnd {
  readonly outcome: 'done' | 'failed' | 'timeout' | 'too-much' | 'no-git';
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface GitRun {
  readonly input?: Uint8Array | string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
}

/** One empty repository in a temporary folder, and git on it. */
export interface Scratch {
  readonly folder: string;
  git(args: readonly string[], run?: GitRun): Promise<GitEnd>;
}

/** Hands out a scratch repository and removes it afterwards, also after a failure. `remote` becomes its `origin`. */
export async function withScratch<T>(
  options: GitOptions,
  remote: string | undefined,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const root = await makeFolder(options.temporary ?? tmpdir());
  try {
    const folder = join(root, 'tree.git');
    const environment = gitEnvironment(options.environment, root, remote);
    const scratch: Scratch = {
      folder,
      git: (args, run = {}) =>
        options.processes(() =>
          runGit(args, {
            ...run,
            cwd: root,
            options,
            environment: { ...environment, GIT_DIR: folder },
          }),
        ),
    };
    await scratch.git(['init', '--bare', '--quiet', '--template=', folder]);
    return await work(scratch);
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Process extends GitRun {
  readonly cwd: string;
  readonly options: GitOptions;
  readonly environment: Readonly<Record<string, string>>;
}

async function runGit(args: readonly string[], process_: Process): Promise<GitEnd> {
  const { options, environment, variables, cwd, input = '' } = process_;
  const binary = findGit(options.environment);
  if (!binary) return end('no-git');
  const child = execa(binary, ['--no-replace-objects', '--literal-pathspecs', ...args], {
    cwd,
    env: { ...environment, ...variables },
    extendEnv: false,
    shell: false,
    input,
    encoding: 'buffer',
    stripFinalNewline: false,
    maxBuffer: options.maxBytes,
    // A group of its own: a fetch has children that must not outlive it.
    detached: true,
    reject: false,
  });
  const endAll = () => endGroup(child.pid);
  process.once('exit', endAll);
  const deadline = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => deadline.resolve(undefined), options.timeoutMs);
  try {
    const result = await Promise.race([child, deadline.promise]);
    if (!result) return end('timeout');
    const stderr = Buffer.from(result.stderr ?? []).toString();
    const stdout = Buffer.from(result.stdout ?? []);
    const outcome = result.isMaxBuffer ? 'too-much' : result.failed ? 'failed' : 'done';
    return { outcome, exitCode: result.exitCode, stdout, stderr };
  } finally {
    clearTimeout(timer);
    endAll();
    process.off('exit', endAll);
  }
}

function end(outcome: GitEnd['outcome']): GitEnd {
  return { outcome, exitCode: undefined, stdout: Buffer.alloc(0), stderr: '' };
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}
