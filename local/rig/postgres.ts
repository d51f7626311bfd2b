import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { freePort } from './free-port.ts';

/** A PostgreSQL server of its own, on loopback and in a temporary folder. */
export interface Postgres {
  readonly url: string;
  /** Stops the server this way and starts it again. `immediate` is as if its machine had lost power. */
  restart(mode: 'immediate' | 'fast'): Promise<void>;
  /** Makes an empty database. */
  database(): Promise<PostgresDatabase>;
  close(): Promise<void>;
}

export interface PostgresDatabase {
  readonly url: string;
  /** Runs SQL as the server's owner; the first value of each row as text. */
  readonly sql: (text: string) => Promise<readonly string[]>;
  readonly remove: () => Promise<void>;
}

/** Starts Debian's PostgreSQL. Fails where it is not installed. */
export async function startPostgres(): Promise<Postgres> {
  const bin = await binaries();
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-postgres-'));
  const port = await freePort();
  const data = join(folder, 'data');
  const run = await asOwner(folder);
  const control = (...args: string[]) => run(join(bin, 'pg_ctl'), ['-D', data, '-w', ...args]);
  const start = () => {
    const options = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder}`;
    return control('-l', join(folder, 'log'), '-o', options, 'start');
  };
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'bot', '-A', 'trust', '-E', 'UTF8']);
  await start();
  const server = `postgres://bot@127.0.0.1:${port}`;
  const sqlOn = (name: string) => async (text: string) => {
    const options = ['-XAtq', '-v', 'ON_ERROR_STOP=1'];
    const output = await run(join(bin, 'psql'), [...options, '-c', text, `${server}/${name}`]);
    return output.split('\n').filter((line) => line !== '');
  };
  return {
    url: `${server}/postgres`,
    restart: async (mode) => {
      await control('-m', mode, 'stop');
      await start();
    },
    database: async () => {
      const name = `test_${randomBytes(4).toString('hex')}`;
      await sqlOn('postgres')(`create database ${name}`);
      return {
        url: `${server}/${name}`,
        sql: sqlOn(name),
        remove: async () => {
          await sqlOn('postgres')(`drop database ${name} with (force)`);
        },
      };
    },
    close: async () => {
      await control('-m', 'immediate', 'stop');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function binaries(): Promise<string> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => []);
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined)
    throw new Error('PostgreSQL is not installed: apt-get install postgresql');
  return `/usr/lib/postgresql/${newest}/bin`;
}

/** PostgreSQL refuses to run as root: there it runs as Debian’s user for it. */
async function asOwner(folder: string) {
  const isRoot = process.getuid?.() === 0;
  const ids = isRoot ? await idsOf('postgres') : {};
  if (isRoot) await chown(folder, ids.uid ?? 0, ids.gid ?? 0);
  return async (file: string, args: readonly string[]): Promise<string> => {
    // The server keeps the pipes of whoever started it: waiting for their end would be waiting for its end.
    const stdio = args.at(-1) === 'start' ? 'ignore' : 'pipe';
    const { stdout } = await execa(file, args, { ...ids, cwd: folder, stdio });
    return stdout ?? '';
  };
}

/** A user of the machine, as a process of theirs needs it. */
export async function idsOf(user: string): Promise<{ uid?: number; gid?: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await execa('id', [flag, user])).stdout)),
  );
  if (uid === undefined || gid === undefined) throw new Error(`there is no user ${user}`);
  return { uid, gid };
}
