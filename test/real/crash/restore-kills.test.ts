import { execa } from 'execa';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { logChecks } from '../../../src/domain/audit-checks.ts';
import { verifyLog } from '../../../src/domain/audit.ts';
import { openStore } from '../../../src/store/store.ts';
import type { Reachable } from '../../contracts/log-decides.ts';
import { reachablePostgres, reachableSqlite } from '../../contracts/reachable.ts';
import { childEnvironment } from '../../../local/rig/child.ts';
import { people } from '../../../local/rig/people.ts';
import { scenarios, type World } from '../../helpers/scenarios/world.ts';
import { keyFor } from '../../../local/rig/key.ts';
import { startPostgres, type Postgres } from '../../../local/rig/postgres.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';

/** Kills around the hold and its acceptance, on each database: the short form. */
const kills = Number(process.env['RESTORE_KILLS'] ?? 6);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const on = scenarios({ steadyTrees: true });
const source = join(import.meta.dirname, '../../../src');
let postgres: Postgres;
const databases: Reachable[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.close());
afterAll(() => Promise.all(databases.map((one) => one.remove())));

/** A program of ours on the world’s database, killed after so many milliseconds where it has not ended by then. */
async function run(world: World, { url }: Reachable, words: readonly string[], ms?: number) {
  const [program = '', ...args] = words;
  const env = await childEnvironment(world.setup(), { DATABASE_URL: url });
  const options = { env, extendEnv: false, reject: false, cwd: world.folder } as const;
  const child = execa(process.execPath, [join(source, program), ...args], options);
  if (ms !== undefined) {
    await Promise.race([child, sleep(ms)]);
    child.kill('SIGKILL');
  }
  return await child;
}

async function restored(database: Reachable): Promise<{ world: World; revision: string }> {
  const world = await on.start({ database: database.url });
  world.expectsErrors = true;
  const { revision } = await on.outside.build('build-decision');
  await world.propose(people.alice, `build-decision ${revision}`);
  world.hold();
  await world.click(people.bob, 'approve');
  await world.stop();
  await database.backUp();
  await world.run();
  await world.click(people.alice, 'withdraw');
  await world.until('withdrawn');
  await world.stop();
  await database.restore();
  return { world, revision };
}

const accept = ['cli.ts', 'audit', 'accept-restore', '--because', 'the disk broke'];

describe.each(['SQLite', 'PostgreSQL'] as const)('a restored database on %s', (name) => {
  it(`survives ${kills} kills around the hold and its acceptance: all of it is accepted, or nothing`, async () => {
    const random = randomFrom(seed);
    const database = await (name === 'SQLite' ? reachableSqlite() : reachablePostgres(postgres));
    databases.push(database);
    const { world, revision } = await restored(database);
    const { tags } = on.outside.registry.store.repository('mozillareleases/build-decision');
    const begun = performance.now();
    await run(world, database, ['cli.ts', 'audit', 'verify']);
    const start = performance.now() - begun;
    let accepted = 0;
    for (let n = 0; n < kills; n += 1) {
      const words = n % 2 === 0 ? ['main.ts'] : accept;
      await run(world, database, words, (0.4 + random() * 2.2) * start);
      const store = await openStore(database.url, {
        now: () => new Date(),
        access: 'read',
        ...keyFor(database.url),
      });
      const events = await Array.fromAsync(store.events());
      const states = (await store.list({})).map(({ state }) => state);
      expect(await verifyLog(events, [], logChecks(store.keys!)), `seed ${seed}`).toMatchObject({
        ok: true,
      });
      await store.close();
      accepted = events.filter(({ kind }) => kind === 'restore-accepted').length;
      // The event and what it ended are one.
      expect([accepted, ...states], `seed ${seed}, kill ${n}`).toEqual(
        accepted === 0 ? [0, 'approved'] : [1, 'refused'],
      );
      expect(tags.has(revision)).toBe(false);
    }
    const last = await run(world, database, accept);
    expect([last.exitCode, last.stderr.includes('nothing to accept')]).toEqual(
      accepted === 0 ? [0, false] : [1, true],
    );
    await world.run();
    await world.release();
    await world.until('refused');
    expect(tags.has(revision)).toBe(false);
    expect(await world.problems()).toEqual([]);
    const told = world.slack
      .messages()
      .filter(({ text }) => text.includes('The channel has seen event'));
    expect(told.length).toBeLessThanOrEqual(1);
    console.info(
      `${name}, seed ${seed}: ${kills} kills, accepted ${accepted === 0 ? 'at the end' : 'between them'}`,
    );
  }, 600_000);
});
