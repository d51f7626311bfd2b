import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';

export interface Content {
  readonly bytes: string | Uint8Array;
  readonly executable?: boolean;
  /** What a symbolic link points at. */
  readonly link?: string;
}

export type Contents = Readonly<Record<string, string | Uint8Array | Content>>;

/** A temporary folder that is removed when the test is over: `await using folder = await temporaryFolder()`. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'promote-image-test-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export async function writeTree(folder: string, contents: Contents): Promise<void> {
  for (const [path, given] of Object.entries(contents)) {
    const content =
      typeof given === 'string' || given instanceof Uint8Array ? { bytes: given } : given;
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    if (content.link === undefined) await writeFile(file, content.bytes);
    else await symlink(content.link, file);
    if (content.executable) await chmod(file, 0o755);
  }
}

/** A real git repository with one commit. */
export async function gitRepository(folder: string, contents: Contents): Promise<GitRepository> {
  await mkdir(folder, { recursive: true });
  const git = async (...args: string[]) => (await runGit(folder, args)).trim();
  await git('init', '--quiet', '--initial-branch=main');
  await writeTree(folder, contents);
  await git('add', '--all', '--force');
  await git('commit', '--quiet', '--allow-empty', '--message=The beginning');
  return {
    folder,
    url: pathToFileURL(folder).href,
    git,
    read: (path) => readFile(join(folder, path)),
    commit: async (more) => {
      await writeTree(folder, more);
      await git('add', '--all', '--force');
      await git('commit', '--quiet', '--message=More');
      return git('rev-parse', 'HEAD');
    },
  };
}

export interface GitRepository {
  readonly folder: string;
  readonly url: string;
  git(...args: string[]): Promise<string>;
  read(path: string): Promise<Buffer>;
  /** Writes the files, commits them, and gives the commit. */
  commit(more: Contents): Promise<string>;
}

/** git without the settings of whoever runs the tests. Throws where it does not end well. */
export async function runGit(folder: string, args: readonly string[]): Promise<string> {
  const person = { NAME: 'Somebody', EMAIL: 'somebody@example.com' };
  const { stdout } = await execa('git', args, {
    cwd: folder,
    env: {
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: person.NAME,
      GIT_AUTHOR_EMAIL: person.EMAIL,
      GIT_COMMITTER_NAME: person.NAME,
      GIT_COMMITTER_EMAIL: person.EMAIL,
    },
  });
  return stdout;
}
