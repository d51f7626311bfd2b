import { cp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import type { Postgres } from '../../local/rig/postgres.ts';
import { freshSqlite } from '../helpers/store/fresh.ts';
import type { Sql } from '../helpers/verbs/tampering.ts';
import type { Reachable } from './log-decides.ts';

export async function reachableSqlite(): Promise<Reachable> {
  const { url, file, remove } = await freshSqlite();
  return {
    url,
    remove,
    reach: async (work) => {
      using connection = new DatabaseSync(file);
      for (const change of ['update', 'delete']) connection.exec(`drop trigger event_no_${change}`);
      await work(async (text, ...values) => connection.prepare(text).all(...values) as never);
    },
    backUp: () => cp(file, `${file}.backup`),
    restore: async () => {
      for (const end of ['-wal', '-shm']) await rm(`${file}${end}`, { force: true });
      await cp(`${file}.backup`, file);
    },
  };
}

export async function reachablePostgres(postgres: Postgres): Promise<Reachable> {
  const { url, remove } = await postgres.database();
  const name = new URL(url).pathname.slice(1);
  const copy = (from: string, to: string) =>
    withClient(postgres.url, async (sql) => {
      await sql(`drop database if exists ${to} with (force)`);
      await sql(`create database ${to} template ${from}`);
    });
  return {
    url,
    remove,
    reach: (work) =>
      withClient(url, async (sql) => {
        await sql('alter table event disable trigger user');
        await work(sql);
      }),
    backUp: () => copy(name, `${name}_backup`),
    restore: () => copy(`${name}_backup`, name),
  };
}

async function withClient(url: string, work: (sql: Sql) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(async (text, ...values) => {
      let at = 0;
      const numbered = text.replaceAll('?', () => `$${(at += 1)}`);
      return (await client.query(numbered, [...values])).rows as Awaited<ReturnType<Sql>>;
    });
  } finally {
    await client.end();
  }
}
