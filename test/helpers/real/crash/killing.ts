import { setTimeout as sleep } from 'node:timers/promises';
import { hasWork } from '../../../../src/domain/states.ts';
import { Crowd } from './crowd.ts';
import type { Wish } from './wish.ts';
import type { Orders } from './failpoints.ts';
import { Lives } from './lives.ts';
import type { Random } from './random.ts';
import { whyStuck } from './stuck.ts';
import { brokenNow, violations } from './violations.ts';
import type { World } from './world.ts';

/** How a life is to end: at some moment, or at a failpoint and then at that moment at the latest. */
export interface Death extends Orders {
  /** Milliseconds, or in times of what a start takes on this machine at this hour. */
  readonly after: number | { readonly starts: number };
  /** What somebody wants at the beginning of this life: several share a layer that is nowhere yet. */
  readonly wants?: readonly Pick<Wish, 'image' | 'fate'>[] | undefined;
}

export interface Killing {
  readonly world: World;
  readonly random: Random;
  /** One after the other. */
  readonly deaths: readonly Death[];
  /** Bots with a guard taken out. */
  readonly broken?: string | undefined;
  /** Promotions that are kept under way. */
  readonly wishes?: number | undefined;
  /** How probable it is that a life begins with an old delivery that comes again. */
  readonly again?: number | undefined;
  /** Milliseconds without any change after which what is still under way will be so for ever. */
  readonly patience?: number | undefined;
}

export interface Killed {
  /** What was lost, doubled or broken. */
  readonly violations: readonly string[];
  /** Names of the failpoints at which bots died, as often as they did. */
  readonly reached: readonly string[];
  readonly promotions: number;
  /** How many of the pushes were begun more than once. */
  readonly resumed: number;
  /** Lines of the log at level error. */
  readonly errors: readonly string[];
}

/** How often nothing may be under way any more: kills between two looks at the whole. */
const between = 40;

/**
 * People ask and decide all the time, while one bot after the other is killed. After each kill the database is looked
 * at, and now and then a bot may live until nothing is under way: then nothing may be lost, doubled or half done.
 */
export async function kill(killing: Killing): Promise<Killed> {
  const { world, random, deaths, broken, again = 0.3, patience = 60_000 } = killing;
  const lives = new Lives({ ...world.env, ...(broken ? { CRASH_BROKEN: broken } : {}) });
  const crowd = new Crowd(world, random);
  const found = new Set<string>();
  const reached: string[] = [];
  const errors: string[] = [];
  const since = performance.now();
  try {
    let start = await measureStart(lives);
    for (const [at, death] of deaths.entries()) {
      if (death.wants === undefined) await keepWanting(crowd, killing);
      const base = (death.wants?.length ?? 0) > 1 ? `base of life ${at} at ${random()}` : 'base';
      for (const want of death.wants ?? []) await crowd.want({ ...want, base });
      const life = await lives.begin(death);
      const begun = performance.now();
      let took: number | undefined;
      const deliversAgain = random() < again;
      const onReady = (): void => {
        took = performance.now() - begun;
        if (deliversAgain) crowd.deliverAgain();
      };
      void life.ready().then(onReady, () => undefined);
      const { after } = death;
      const isDeadAlready = await life.killAfter(
        typeof after === 'number' ? after : after.starts * start,
      );
      // The machine may have become busier since, and lives that end before they began show nothing.
      start = 0.8 * start + 0.2 * (took ?? Math.max(start, performance.now() - begun));
      if (isDeadAlready && (await life.ended) === 'SIGKILL') reached.push(death.at ?? '');
      else if (isDeadAlready) found.add(`the bot ended by itself: ${life.log.slice(-5).join('')}`);
      errors.push(...life.errors());
      for (const problem of await brokenNow(world)) found.add(problem);
      if ((at + 1) % between === 0 || at + 1 === deaths.length) {
        const rest = { lives, crowd, errors, patience };
        for (const problem of await comeToRest(world, rest)) found.add(problem);
        const seconds = Math.round((performance.now() - since) / 1000);
        console.info(`${at + 1} deaths, ${world.wishes.length} wishes, ${seconds} s`);
      }
      if (found.size > 0) break;
    }
    return { violations: [...found], reached, errors, ...(await countsOf(world)) };
  } finally {
    await crowd.leave();
    await lives.close();
  }
}

/** Milliseconds from the beginning until the bot takes what people do. */
async function measureStart(lives: Lives): Promise<number> {
  const life = await lives.begin();
  const begun = performance.now();
  await life.ready();
  const took = performance.now() - begun;
  await life.kill();
  return took;
}

async function keepWanting(crowd: Crowd, { wishes = 3, world }: Killing): Promise<void> {
  const store = await world.openStore().catch(() => undefined);
  const open = store ? await store.list({ states: [...hasWork, 'pending'], limit: 100 }) : [];
  await store?.close();
  const unheard = world.wishes.filter(({ acknowledged }) => acknowledged === 0);
  for (let n = open.length + unheard.length; n < wishes; n += 1) await crowd.want();
}

export interface Resting {
  readonly lives: Lives;
  readonly crowd: Crowd;
  readonly errors: string[];
  readonly patience: number;
}

/** Lets a bot live until nothing is under way, and looks over everything. */
export async function comeToRest(
  world: World,
  { lives, crowd, errors, patience }: Resting,
): Promise<readonly string[]> {
  const life = await lives.begin();
  let last = { versions: 0, at: Date.now() };
  let quiet = 0;
  // Time runs only while nothing moves: a busy machine may take long for much.
  for (let look = 1; Date.now() - last.at < patience && quiet < 3; look += 1) {
    await sleep(100);
    const versions = look % 50 === 0 ? await versionsOf(world) : last.versions;
    if (versions !== last.versions) last = { versions, at: Date.now() };
    quiet = (await isAtRest(world, crowd)) ? quiet + 1 : 0;
  }
  const found = quiet < 3 ? [`never at rest: ${life.log.slice(-20).join('')}`] : [];
  if (found.length > 0) found.push(...(await whyStuck(world, life)));
  await life.kill('SIGKILL');
  errors.push(...life.errors());
  return [...found, ...(await violations(world, world.wishes))];
}

/** How often promotions have changed, all together. */
async function versionsOf(world: World): Promise<number> {
  const store = await world.openStore().catch(() => undefined);
  const promotions = (await store?.list({ limit: 100_000 })) ?? [];
  await store?.close();
  return promotions.reduce((sum, { version }) => sum + version, 0);
}

export async function isAtRest(world: World, crowd: Crowd): Promise<boolean> {
  if (!crowd.isContent || crowd.undecided().length > 0) return false;
  const store = await world.openStore().catch(() => undefined);
  if (!store) return false;
  try {
    const busy = await store.list({ states: [...hasWork, 'pending'], limit: 1 });
    return busy.length === 0 && (await store.outbox.next()) === undefined;
  } finally {
    await store.close();
  }
}

async function countsOf(world: World): Promise<Pick<Killed, 'promotions' | 'resumed'>> {
  const store = await world.openStore();
  try {
    const begun: Record<string, number> = {};
    for await (const { kind, promotion = '' } of store.events()) {
      if (kind === 'decrypting') begun[promotion] = (begun[promotion] ?? 0) + 1;
    }
    const promotions = await store.list({ limit: 100_000 });
    const resumed = Object.values(begun).filter((times) => times > 1).length;
    return { promotions: promotions.length, resumed };
  } finally {
    await store.close();
  }
}
