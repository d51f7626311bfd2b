import { afterAll, beforeAll } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { crashContract } from '../contracts/store-crash.ts';
import { startPostgres, type Postgres } from '../../local/rig/postgres.ts';
import { keyFor } from '../../local/rig/key.ts';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

crashContract('PostgreSQL', async () => {
  const database = await postgres.database();
  return {
    ...database,
    open: (options) => openStore(database.url, { ...options, ...keyFor(database.url) }),
  };
});
