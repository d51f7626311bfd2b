import { Client } from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { logDecidesContract } from '../contracts/log-decides.ts';
import { scenarios } from '../scenarios/world.ts';
import type { Sql } from '../verbs/tampering.ts';
import { startPostgres, type Postgres } from './postgres.ts';

const on = scenarios({ steadyTrees: true });
let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

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

logDecidesContract('PostgreSQL', {
  on,
  fresh: async () => {
    const { url, remove } = await postgres.database();
    const name = new URL(url).pathname.slice(1);
    const copy = (from: string, to: string) =>
      withClient(postgres.url, async (sql) => {
        await sql(`drop database if exists ${to}`);
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
  },
});
