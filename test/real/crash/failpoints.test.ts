import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../../../local/rig/postgres.ts';
import { kill } from '../../helpers/real/crash/killing.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';
import { deathsAt, record } from '../../helpers/real/crash/recording.ts';
import { World } from '../../helpers/real/crash/world.ts';

/** How often each failpoint is died at: one tenth of them once in the short form; the long one sets CRASH_ROUNDS. */
const rounds = Number(process.env['CRASH_ROUNDS'] ?? 0.1);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

describe.each(['SQLite', 'PostgreSQL'] as const)('a bot on %s', (name) => {
  it(`dies before and after each of its effects, ${rounds} times: nothing is lost, nothing happens twice`, async () => {
    const random = randomFrom(seed);
    const begun = performance.now();
    const database = name === 'SQLite' ? undefined : (await postgres.database()).url;
    const world = await World.start(database);
    try {
      const all = await record(world, random);
      expect(all.length).toBeGreaterThan(60);
      const chosen = rounds < 1 ? all.filter(() => random() < rounds) : all;
      const deaths = deathsAt(chosen, Math.max(1, rounds));
      const died = await kill({ world, random, deaths });
      // What was not passed in that life is died at in another one, which has more time.
      const missed = chosen.filter((one) => !died.reached.includes(one.name));
      const again = await kill({ world, random, deaths: deathsAt(missed, 3, 20_000) });
      const reached = [...died.reached, ...again.reached];
      const never = missed.filter((one) => !again.reached.includes(one.name));
      const seconds = Math.round((performance.now() - begun) / 1000);
      console.info(
        `${name}, seed ${seed}: ${all.length} failpoints; died at ${new Set(reached).size} of ${chosen.length} chosen, ${reached.length} times, ${again.promotions} promotions, ${again.resumed} pushes taken up again, ${seconds} s`,
      );
      const found = [...died.violations, ...again.violations];
      const unreached = never.map((one) => one.name);
      // The runner tells what failed when everything is over, which is hours later.
      for (const problem of [...found, ...unreached]) console.info(problem);
      expect(found.join('\n')).toBe('');
      expect(unreached).toEqual([]);
      expect([...died.errors, ...again.errors]).toEqual([]);
    } finally {
      await world.close();
    }
  }, 7_200_000);
});
