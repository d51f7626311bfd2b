import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Docker from 'dockerode';

export interface Dockerd {
  /** `unix://…`, as DOCKER_HOST is written. */
  readonly host: string;
  /** Its own folder: what it stores is in `data`. */
  readonly folder: string;
  readonly docker: Docker;
  readonly pid: number;
  log(): string;
  /** Kills the engine where it stands; what it stored is left for {@link close}. */
  kill(): Promise<void>;
  /** Stops it and removes what it stored. */
  close(): Promise<void>;
}

/** Starts a Docker engine of its own: no network, nothing shared with one that runs already. Needs root. */
export async function startDockerd(): Promise<Dockerd> {
  const folder = await mkdtemp(join(tmpdir(), 'dockerd-'));
  const socket = join(folder, 'docker.sock');
  const process = spawn(
    'dockerd',
    [
      `--data-root=${folder}/data`,
      `--exec-root=${folder}/exec`,
      `--pidfile=${folder}/pid`,
      `--host=unix://${socket}`,
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  for (const stream of [process.stdout, process.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-1_000_000)));
  }
  // Not `close`: its containerd may hold the pipes for a moment longer.
  const ended = once(process, 'exit').catch((error: unknown) => error);
  const end = async (signal: NodeJS.Signals) => {
    process.kill(signal);
    await ended;
  };
  const close = async () => {
    if (process.exitCode === null && process.signalCode === null) await end('SIGTERM');
    // One that was killed leaves its own mount behind.
    await promisify(execFile)('umount', ['-l', join(folder, 'data')]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const docker = new Docker({ socketPath: socket });
  try {
    if (process.pid === undefined) throw (await once(process, 'error'))[0];
    await answers(docker, () => process.exitCode !== null);
  } catch (error) {
    await close();
    throw new Error(`dockerd does not come up: ${log}`, { cause: error });
  }
  return {
    host: `unix://${socket}`,
    folder,
    docker,
    pid: process.pid,
    log: () => log,
    kill: () => end('SIGKILL'),
    close,
  };
}

async function answers(docker: Docker, hasEnded: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !hasEnded(); tries += 1) {
    const isUp = await docker.ping().then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await sleep(50);
  }
  throw new Error('the engine does not answer');
}
