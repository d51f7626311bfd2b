import { afterAll, beforeAll } from 'vitest';
import { logDecidesContract } from '../contracts/log-decides.ts';
import { reachablePostgres } from '../contracts/reachable.ts';
import { scenarios } from '../helpers/scenarios/world.ts';
import { startPostgres, type Postgres } from '../../local/rig/postgres.ts';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());

logDecidesContract('PostgreSQL', {
  on: scenarios({ steadyTrees: true }),
  fresh: () => reachablePostgres(postgres),
});
