import { randomInt } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres, type Postgres } from '../../../local/rig/postgres.ts';
import { Crowd } from '../../helpers/real/crash/crowd.ts';
import { isAtRest } from '../../helpers/real/crash/killing.ts';
import { Life } from '../../helpers/real/crash/lives.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';
import { violations } from '../../helpers/real/crash/violations.ts';
import { World } from '../../helpers/real/crash/world.ts';

const steps = [
  { step: 'between two layers', at: 'before registry.PUT upload', passing: 2 },
  { step: 'between manifest and tag', at: 'before registry.PUT tag', passing: 1 },
  { step: 'right after the tag', at: 'after registry.PUT tag', passing: 1 },
] as const;
const all = steps.flatMap((step) =>
  ([2, 3] as const).flatMap((replicas) =>
    (['SIGKILL', 'SIGSTOP'] as const).map((signal) => ({ ...step, replicas, signal })),
  ),
);
/** Three of them in the short form; all of them where CRASH_REPLICAS is set. */
const cases = process.env['CRASH_REPLICAS']
  ? all
  : [all[0], all[7], all[9]].filter((one) => one !== undefined);
const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.close();
});

it.each(cases)(
  'of $replicas bots one gets a $signal $step: another finishes, once, and nothing is told twice',
  async ({ replicas, signal, at, passing, step }) => {
    const database = await postgres.database();
    const world = await World.start(database.url);
    const once = join(world.registry.folder, 'struck');
    const lives = Array.from({ length: replicas }, () => new Life(world.env));
    const crowd = new Crowd(world, randomFrom(seed));
    try {
      for (const life of lives) await life.begin({ at, passing, signal, once });
      await Promise.all(lives.map((life) => life.ready()));
      await crowd.want({ image: 'build-decision', fate: 'approve' });
      const struck = await struckOf(once, lives);
      await atRest(world, crowd);
      const events = await eventsOf(world);
      const timeOf = (kind: string) => Date.parse(events.findLast((one) => one.kind === kind)!.at);
      const taken = Math.round(timeOf('decrypting') - struck.at);
      const published = Math.round(timeOf('promoted') - struck.at);
      console.info(
        `${replicas} bots, ${signal} ${step}: taken over after ${taken} ms, published after ${published} ms`,
      );
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(30_000);
      if (signal === 'SIGSTOP') {
        struck.life.process.kill('SIGCONT');
        await sleep(5000);
        await atRest(world, crowd);
        expect(struck.life.process.exitCode).toBe(null);
      }
      expect((await violations(world, world.wishes)).join('\n')).toBe('');
      expect((await eventsOf(world)).filter(({ kind }) => kind === 'promoted')).toHaveLength(1);
    } finally {
      await crowd.leave();
      for (const life of lives) await life.kill();
      await world.close();
      await database.remove();
    }
  },
);

/** The bot that was struck, and when. */
async function struckOf(file: string, lives: readonly Life[]) {
  for (let tries = 0; tries < 1200; tries += 1) {
    const pid = Number(await readFile(file, 'utf8').catch(() => '0'));
    const life = lives.find((one) => one.process.pid === pid);
    if (life) return { life, at: (await stat(file)).mtimeMs };
    await sleep(50);
  }
  throw new Error(`nobody was struck:\n${lives.map(({ log }) => log.join('')).join('\n')}`);
}

async function atRest(world: World, crowd: Crowd): Promise<void> {
  await expect.poll(() => isAtRest(world, crowd), { timeout: 90_000, interval: 200 }).toBe(true);
}

async function eventsOf(world: World) {
  const store = await world.openStore();
  try {
    return await Array.fromAsync(store.events());
  } finally {
    await store.close();
  }
}
