import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import type { HgPlace } from '../../contracts/source.ts';
import { temporaryFolder, writeTree } from '../source/repository.ts';

/** A real Mercurial repository behind a real `hg serve`, at the server’s root or below a `prefix`. */
export async function serveHg(prefix = ''): Promise<HgPlace & { readonly folder: string }> {
  const temporary = await temporaryFolder();
  const folder = join(temporary.path, 'repository');
  await hg(temporary.path, ['init', 'repository']);
  const server = spawn('hg', ['serve', '--address=127.0.0.1', '--port=0', `--prefix=${prefix}`], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const port = await portOf(server);
  return {
    folder,
    url: `http://127.0.0.1:${port}${prefix && `/${prefix}`}`,
    commit: async (files, branch = 'default') => {
      const now = await hg(folder, ['branch']);
      if (now !== branch) await hg(folder, ['branch', '--quiet', branch]);
      await writeTree(folder, files);
      await hg(folder, ['addremove', '--quiet']);
      await hg(folder, ['commit', '--message=change', '--user=somebody']);
      return hg(folder, ['log', '--rev=.', '--template={node}']);
    },
    [Symbol.asyncDispose]: async () => {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
      await temporary[Symbol.asyncDispose]();
    },
  };
}

const env = { HGRCPATH: '', HGPLAIN: '1', HGENCODING: 'UTF-8' };

export async function hg(folder: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa('hg', args, { cwd: folder, env });
  return stdout;
}

async function portOf(server: ChildProcessByStdio<null, Readable, null>): Promise<string> {
  for await (const line of createInterface(server.stdout)) {
    const [, port] = /:(\d+)\/\S* \(bound to/.exec(line) ?? [];
    if (port) return port;
  }
  throw new Error('hg serve ended before it listened');
}
