import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hash } from 'bcryptjs';
import type { TokenService } from '../token-service.ts';
import { freePort } from './free-port.ts';

/** Debian's distribution 2, or distribution 3 as `.ci/setup` builds it. */
export type RegistryProgram = 'docker-registry' | 'distribution-registry';

export interface DockerRegistryOptions {
  /** @default docker-registry */
  readonly program?: RegistryProgram;
  /** Every request needs this account. */
  readonly htpasswd?: { readonly user: string; readonly password: string };
  /** A token service decides. */
  readonly tokens?: TokenService;
  /** Keeps everything in memory instead of in a temp folder. */
  readonly storage?: 'filesystem' | 'inmemory';
  /** Where its own folder is made. @default the temp folder */
  readonly below?: string;
}

export interface DockerRegistry {
  readonly url: string;
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly pid: number;
  /** Its own temp folder: what it stores is in `data`. */
  readonly folder: string;
  log(): string;
  /** Stops it and removes what it stored. */
  close(): Promise<void>;
}

/** Starts a real registry on loopback. Throws where it is not installed or does not come up. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const { program = 'docker-registry' } = options;
  const folder = await mkdtemp(join(options.below ?? tmpdir(), 'docker-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'config.yml');
  await mkdir(join(folder, 'data'));
  await writeFile(config, JSON.stringify(await configOf(options, { folder, host })));
  const process = spawn(program, ['serve', config], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: globalThis.process.env['PATH'] ?? '', OTEL_TRACES_EXPORTER: 'none' },
  });
  let log = '';
  for (const stream of [process.stdout, process.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-1_000_000)));
  }
  const ended = once(process, 'close').catch((error: unknown) => error);
  const close = async (): Promise<void> => {
    process.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await spawned(process);
    await answers(`http://${host}/v2/`, () => process.exitCode !== null);
  } catch (error) {
    await close();
    throw new Error(`${program} does not come up: ${log}`, { cause: error });
  }
  const url = `http://${host}`;
  return { url, host, folder, pid: process.pid ?? 0, log: () => log, close };
}

/** JSON is YAML. */
async function configOf(
  { htpasswd, tokens, storage = 'filesystem' }: DockerRegistryOptions,
  { folder, host }: { readonly folder: string; readonly host: string },
): Promise<object> {
  const at = (name: string): string => join(folder, name);
  let auth: object | undefined;
  if (htpasswd) {
    await writeFile(at('htpasswd'), `${htpasswd.user}:${await hash(htpasswd.password, 4)}\n`);
    auth = { htpasswd: { realm: 'test', path: at('htpasswd') } };
  }
  if (tokens) {
    await writeFile(at('tokens.pem'), tokens.certificate);
    const { url: realm, service, issuer } = tokens;
    auth = { token: { realm, service, issuer, rootcertbundle: at('tokens.pem') } };
  }
  const store =
    storage === 'inmemory' ? { inmemory: {} } : { filesystem: { rootdirectory: at('data') } };
  return {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { ...store, delete: { enabled: true } },
    http: { addr: host, secret: 'test' },
    ...(auth ? { auth } : {}),
  };
}

async function spawned(process: ReturnType<typeof spawn>): Promise<void> {
  if (process.pid === undefined) throw (await once(process, 'error'))[0];
}

async function answers(url: string, hasEnded: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !hasEnded(); tries += 1) {
    const response = await fetch(url).catch(() => undefined);
    if (response && response.status < 500) return;
    await sleep(50);
  }
  throw new Error(`nothing answers at ${url}`);
}
