import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';
import { fail } from '../domain/errors.ts';
import type { Database } from './database.ts';
import { localHolds } from './holds.ts';
import type { Tables } from './schema.ts';
import { lockAgainstOthers, makeFile } from './sqlite-lock.ts';
import { sqliteTrouble } from './sqlite-trouble.ts';

/** How long a statement waits for another program to let go; nothing else of this process runs meanwhile. */
const busyTimeout = 400;

/**
 * Opens (or makes) the file, durable at every commit (WAL, `synchronous=FULL`). One process may write: a second one
 * is refused with `database-in-use`. `:memory:` keeps nothing and is for tests. Readers need no lock.
 */
export function openSqlite(path: string, access: 'read' | 'write'): Database {
  const file = path === ':memory:' ? path : prepareFile(path, access);
  const unlock = access === 'read' || file === ':memory:' ? () => {} : lockAgainstOthers(file);
  try {
    return assemble(file, access, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function prepareFile(path: string, access: 'read' | 'write'): string {
  const wanted = resolve(path);
  try {
    if (access === 'write') {
      mkdirSync(dirname(wanted), { recursive: true, mode: 0o700 });
      makeFile(wanted);
    } else if (!existsSync(wanted)) fail('database-empty', { database: wanted });
    // The lock stands beside the real file, so that two links to it are not two databases.
    return realpathSync(wanted);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const problem = `${basename(wanted)} cannot be written in ${dirname(wanted)} (${String(error.code)})`;
    return fail('database-unopened', { database: wanted, problem }, error);
  }
}

function assemble(file: string, access: 'read' | 'write', unlock: () => void): Database {
  const connection = open(file, access);
  const kysely = new Kysely<Tables>({
    dialect: new SqliteDialect({ database: adapt(connection) }),
  });
  return {
    name: file,
    kysely,
    words: {
      long: 'integer',
      strict: 'strict',
      textIn: (column, path) => `json_extract(${column}, '$.${path.join('.')}')`,
      appendOnly,
    },
    keyPlace: file === ':memory:' ? 'nowhere' : { file: `${file}.audit-key` },
    replica: Math.floor(Math.random() * 2 ** 31),
    isPassing: () => false,
    // One process and one connection: Kysely lets one transaction run at a time.
    inTurn: (work) => work(),
    serialise: async () => {},
    alive: async () => [],
    lease: () => () => true,
    announce: async () => {},
    onAnnounced: () => () => {},
    hold: localHolds(),
    close: async () => {
      await kysely.destroy();
      if (connection.isOpen) connection.close();
      unlock();
    },
  };
}

function open(file: string, access: 'read' | 'write'): DatabaseSync {
  try {
    const connection = new DatabaseSync(file, {
      readOnly: access === 'read',
      timeout: busyTimeout,
      enableForeignKeyConstraints: true,
    });
    if (access === 'write') {
      connection.exec('pragma journal_mode = wal; pragma synchronous = full');
    }
    return connection;
  } catch (error) {
    const { problem } = sqliteTrouble(error).facts;
    return fail('database-unopened', { database: file, problem: problem ?? '' }, error);
  }
}

/** node:sqlite as Kysely's dialect for SQLite takes it. */
function adapt(connection: DatabaseSync): SqliteDatabase {
  return {
    close: () => connection.close(),
    prepare: (statement) => {
      // SQLite has rolled back by itself where the disk was full or broken.
      if (statement === 'rollback' && !connection.isTransaction) return nothing;
      // A transaction that only later turns out to write could not wait for its lock.
      const text = statement === 'begin' ? 'begin immediate' : statement;
      const prepared = translated(() => connection.prepare(text));
      return {
        reader: prepared.columns().length > 0,
        all: (values) => translated(() => prepared.all(...(values as SQLInputValue[]))),
        run: (values) => translated(() => prepared.run(...(values as SQLInputValue[]))),
        iterate: (values) => prepared.iterate(...(values as SQLInputValue[])),
      };
    },
  };
}

const nothing: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [].values(),
};

function translated<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw sqliteTrouble(error);
  }
}

const appendOnly = ['update', 'delete'].map(
  (change) =>
    `create trigger event_no_${change} before ${change} on event
     begin select raise(abort, 'the audit log is only added to'); end`,
);
