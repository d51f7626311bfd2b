import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { openStore } from '../../src/store/store.ts';

/** What needs no server; the rest is held to a real one in test/real. */
const password = 'correct-horse-battery';

it.each([
  ['cannot be reached', `postgres://bot:${password}@127.0.0.1:1/bot`, 'postgres://127.0.0.1:1/bot'],
  ['is no address', `postgres://bot:${password}@[/bot`, 'postgres'],
])('names a database that %s without its password', async (_, url, name) => {
  const error: unknown = await openStore(url, { now: () => new Date() }).catch(
    (it_: unknown) => it_,
  );
  expect(error).toMatchObject({ reason: 'database-unopened', facts: { database: name } });
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(password);
});
