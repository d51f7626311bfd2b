import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../../../local/rig/postgres.ts';
import { kill, type Death } from '../../helpers/real/crash/killing.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';
import { World } from '../../helpers/real/crash/world.ts';

/** Kills at random moments, on each database: the short form; the long one sets CRASH_KILLS. */
const kills = Number(process.env['CRASH_KILLS'] ?? 12);
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** How long a bot lives at most, its start included: in times of its start. */
const longest = 6;

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

describe.each(['SQLite', 'PostgreSQL'] as const)('a bot on %s', (name) => {
  it(`is killed ${kills} times at random moments: nothing is lost, nothing happens twice`, async () => {
    const random = randomFrom(seed);
    const begun = performance.now();
    const database = name === 'SQLite' ? undefined : (await postgres.database()).url;
    const world = await World.start(database);
    try {
      const deaths: Death[] = Array.from({ length: kills }, () => ({
        after: { starts: random() * longest },
      }));
      const { violations, promotions, resumed, errors } = await kill({ world, random, deaths });
      const seconds = Math.round((performance.now() - begun) / 1000);
      console.info(
        `${name}, seed ${seed}: ${kills} kills, ${promotions} promotions, ${resumed} pushes taken up again, ${violations.length} violations, ${seconds} s`,
      );
      for (const problem of violations) console.info(problem);
      expect(violations.join('\n')).toBe('');
      expect(errors.join('\n')).toBe('');
    } finally {
      await world.close();
    }
  }, 7_200_000);
});
