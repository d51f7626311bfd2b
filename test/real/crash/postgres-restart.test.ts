import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../../../local/rig/postgres.ts';
import { Crowd } from '../../helpers/real/crash/crowd.ts';
import { isAtRest } from '../../helpers/real/crash/killing.ts';
import { Life } from '../../helpers/real/crash/lives.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';
import { violations } from '../../helpers/real/crash/violations.ts';
import { World } from '../../helpers/real/crash/world.ts';

const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

it.each([
  { moment: 'while a second person is waited for', seen: 'Proven:', size: 4000 },
  { moment: 'in the middle of the push', seen: '*Pushing*', size: 20_000_000 },
])(
  'PostgreSQL goes down as if its machine had lost power, $moment: the promotion finishes, once',
  async ({ moment, seen, size }) => {
    const database = await postgres.database();
    const world = await World.start(database.url);
    const life = new Life(world.env);
    const crowd = new Crowd(world, randomFrom(seed));
    try {
      await life.begin();
      await life.ready();
      await crowd.want({ image: 'build-decision', fate: 'approve', size });
      const { slack } = world;
      await slack.until(() => JSON.stringify(slack.messages()).includes(seen), 90_000);
      await postgres.restart('immediate');
      await expect
        .poll(() => isAtRest(world, crowd), { timeout: 120_000, interval: 200 })
        .toBe(true);
      expect((await violations(world, world.wishes)).join('\n')).toBe('');
      const store = await world.openStore();
      const kinds = (await Array.fromAsync(store.events())).map(({ kind }) => kind);
      await store.close();
      const begun = kinds.filter((kind) => kind === 'decrypting').length;
      console.info(`restarted ${moment}: the push was begun ${begun} times`);
    } finally {
      await crowd.leave();
      await life.kill();
      await world.close();
      await database.remove();
    }
  },
);
