import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { storeContract } from '../contracts/store.ts';
import { startPostgres, type Postgres } from './postgres.ts';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

storeContract('PostgreSQL', async () => {
  const { url, sql, remove } = await postgres.database(`store_${randomBytes(4).toString('hex')}`);
  return {
    open: (options) => openStore(url, options),
    sql: async (text) => {
      await sql(text);
    },
    remove,
  };
});
