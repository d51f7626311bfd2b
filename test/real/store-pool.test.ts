import { execa } from 'execa';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { freePort } from '../../local/rig/free-port.ts';
import { auditKey } from '../../local/rig/key.ts';
import {
  idsOf,
  startPostgres,
  type Postgres,
  type PostgresDatabase,
} from '../../local/rig/postgres.ts';

let server: Postgres;
let database: PostgresDatabase;
let folder: string;
const running: { kill(signal: 'SIGKILL'): boolean }[] = [];

beforeAll(async () => {
  server = await startPostgres();
  database = await server.database();
  folder = await mkdtemp(join(tmpdir(), 'promote-image-pgbouncer-'));
});
afterAll(async () => {
  for (const one of running) one.kill('SIGKILL');
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Starts Debian’s PgBouncer before the server; gives the address of the database through it. */
async function bouncer(settings: Readonly<Record<string, string | number>>): Promise<string> {
  const direct = new URL(database.url);
  const port = await freePort();
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    default_pool_size: 10,
    ...settings,
  };
  const name = direct.pathname.slice(1);
  const lines = Object.entries(all).map(([key, value]) => `${key} = ${value}`);
  const to = `host=127.0.0.1 port=${direct.port} dbname=${name} user=bot`;
  const file = join(folder, `${port}.ini`);
  await writeFile(file, ['[databases]', `${name} = ${to}`, '[pgbouncer]', ...lines, ''].join('\n'));
  const ids = process.getuid?.() === 0 ? await idsOf('postgres') : {};
  await chown(folder, ids.uid ?? process.getuid?.() ?? 0, ids.gid ?? process.getgid?.() ?? 0);
  const child = execa('pgbouncer', [file], { ...ids, reject: false, stdio: 'ignore' });
  running.push(child);
  await sleep(300);
  return `postgres://bot@127.0.0.1:${port}/${name}`;
}

async function opening(url: string): Promise<string> {
  const opened = await openStore(url, { now: () => new Date(), key: auditKey }).catch(
    (error: Error) => error,
  );
  if (opened instanceof Error) return opened.message;
  await opened.close();
  return 'opened';
}

/** With the settings that each of our connections asks for, whoever asks. */
async function settled(work: () => Promise<void>): Promise<void> {
  await database.sql(`alter role bot set statement_timeout = '10s'`);
  await work();
  await database.sql('alter role bot reset statement_timeout');
}

const dropped = { ignore_startup_parameters: 'options' };

it('a pool in transaction mode that drops the settings of a connection is refused by name', async () => {
  const url = await bouncer({ pool_mode: 'transaction', ...dropped });
  expect(await opening(url)).toMatch(/a pool that shares sessions stands between \(PgBouncer/);
});

it('and so is one whose server has the settings anyway: a session is not its own there', async () => {
  await settled(async () => {
    const url = await bouncer({ pool_mode: 'transaction', ...dropped });
    expect(await opening(url)).toMatch(/a pool that shares sessions stands between \(PgBouncer/);
  });
});

it('the server itself, and a pool in session mode that keeps the settings, will do', async () => {
  expect(await opening(database.url)).toBe('opened');
  await settled(async () => {
    const url = await bouncer({ pool_mode: 'session', ...dropped });
    expect(await opening(url)).toBe('opened');
  });
});
