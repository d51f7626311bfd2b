import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './crowd.ts';
import type { Wish } from './wish.ts';
import { isAtRest, type Death } from './killing.ts';
import { Lives } from './lives.ts';
import { pick, type Random } from './random.ts';
import type { World } from './world.ts';

/** A failpoint, and the wish on whose way it is passed most often. */
export interface Failpoint {
  readonly name: string;
  readonly times: number;
  readonly want: Pick<Wish, 'image' | 'fate'>;
  /** What somebody else must want before it: a layer is mounted only where another repository has it. */
  readonly before?: Pick<Wish, 'image' | 'fate'> | undefined;
}

/**
 * Lets one wish of each kind come true in a life of its own and writes down what was passed: whatever effect is new in
 * the bot is among the failpoints without anybody’s doing.
 */
export async function record(world: World, random: Random): Promise<readonly Failpoint[]> {
  const images = Object.keys(world.policy.images);
  const wants = [
    ...images.map((image) => ({ image, fate: 'approve' as const })),
    { image: pick(random, images), fate: 'reject' as const },
    { image: pick(random, images), fate: 'withdraw' as const },
    { image: pick(random, images), fate: 'stop' as const },
  ];
  const lives = new Lives(world.env);
  const crowd = new Crowd(world, random);
  const found = new Map<string, Failpoint>();
  try {
    for (const [at, want] of wants.entries()) {
      const file = join(world.registry.folder, `way-${at}`);
      const names = await wayOf(want, { world, lives, crowd, file });
      for (const [name, passings] of Map.groupBy(names, (one) => one)) {
        // A Stop is refused where the tag was quicker: that is on nobody's way either. And which bot it is, a log is
        // told once in its life.
        if (/store\.event:(?:refused|introduced)$/.test(name)) continue;
        const times = passings.length;
        if (times <= (found.get(name)?.times ?? 0)) continue;
        const before = name.endsWith(' mount') ? elsewhere(want, wants, world) : undefined;
        found.set(name, { name, times, want, before });
      }
    }
    return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } finally {
    await crowd.leave();
    await lives.close();
  }
}

interface Living {
  readonly world: World;
  readonly lives: Lives;
  readonly crowd: Crowd;
  /** Where the names of what is passed are written. */
  readonly file: string;
}

/** What is passed while such a wish comes true, as often as it is. */
async function wayOf(want: Failpoint['want'], living: Living): Promise<readonly string[]> {
  for (let life = 1; ; life += 1) {
    const { asked, names } = await liveFor(want, { ...living, file: `${living.file}-${life}` });
    // Who had to ask twice was told that it is under way already: that is on nobody's way.
    if (asked === 1 || life === 5) return names;
  }
}

/** One wish comes true, and what was passed is written to the file. */
async function liveFor(
  want: Failpoint['want'],
  { world, lives, crowd, file }: Living,
): Promise<{ readonly asked: number; readonly names: readonly string[] }> {
  const life = await lives.begin({ record: file });
  await life.ready();
  const wish = await crowd.want(want);
  for (let quiet = 0; quiet < 3;) {
    await Promise.race([sleep(100), life.ended]);
    if (life.process.exitCode !== null || life.process.signalCode !== null) {
      // Its last words may come after its end.
      await sleep(500);
      throw new Error(`The bot ended with ${await life.ended}:\n${life.log.join('')}`);
    }
    quiet = (await isAtRest(world, crowd)) ? quiet + 1 : 0;
  }
  await life.kill();
  return { asked: wish.asked, names: (await readFile(file, 'utf8')).trim().split('\n') };
}

/** A wish of those that leads to another repository. */
function elsewhere(
  { image }: Pick<Wish, 'image'>,
  wants: readonly Failpoint['want'][],
  world: World,
): Failpoint['want'] | undefined {
  const { publish } = world.image(image);
  return wants.find(
    (want) => want.fate === 'approve' && world.image(want.image).publish !== publish,
  );
}

/**
 * Each failpoint `rounds` times: at its first, its second, … passing, as far as it is passed so often. A life that does
 * not come there ends after so many milliseconds all the same.
 */
export function deathsAt(
  failpoints: readonly Failpoint[],
  rounds: number,
  after = 6_000,
): readonly Death[] {
  return Array.from({ length: rounds }, (_, round) =>
    failpoints.map(({ name, times, want, before }) => ({
      at: name,
      passing: Math.min(round + 1, times),
      wants: before ? [before, want] : [want],
      after,
    })),
  ).flat();
}
