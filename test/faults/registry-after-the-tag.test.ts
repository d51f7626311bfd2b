import { beforeAll, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { randomImage } from '../helpers/registry/push.ts';
import {
  answers,
  expectPublished,
  forever,
  inWorld,
  resultOf,
  silences,
  tagged,
  timing,
  toldOf,
  words,
  type FaultyWorld,
} from '../helpers/faults/registry-world.ts';

let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(120_000, 2000);
});

/** A push looks at the tag before anything, right before it puts it, and then at what it put. */
const afterTheTag = { skip: 2 };

/** Tag and digest are there although nobody was told so: Retry finds them, and puts nothing. */
async function expectHealed(world: FaultyWorld): Promise<void> {
  const left = tagged(world);
  expect(left).toMatch(/^sha256:/);
  const [puts, sent] = [world.count('put-tag'), world.count('patch') + world.count('finish')];
  expect(puts).toBe(1);
  world.registry.faults.clear();
  const { outcome, push } = await world.push(image);
  expectPublished(world, outcome);
  expect(tagged(world)).toBe(left);
  expect(world.count('put-tag')).toBe(1);
  expect(world.count('patch') + world.count('finish')).toBe(sent);
  expect(push.opened()).toBe(0);
}

it(
  'is the third look of a sound push, and the last question but what it leads to',
  inWorld(async (world) => {
    await world.push(image);
    const steps = world.registry.requests.map(({ step }) => step);
    expect(world.count('look')).toBe(3);
    expect(steps.lastIndexOf('look')).toBe(steps.indexOf('put-tag') + 1);
  }),
);

describe.concurrent('the look at a tag that was just put', () => {
  it.each([408, 500, 502, 503, 504])(
    'is tried again after %i, and the tag is put once',
    inWorld(async (world, status) => {
      world.fault('look', answers(status), { ...afterTheTag, times: 2 });
      expectPublished(world, (await world.push(image)).outcome);
      expect([world.count('look'), world.count('put-tag')]).toEqual([5, 1]);
    }),
  );

  it(
    'waits as long as a 429 asks, and the tag is put once',
    inWorld(async (world) => {
      world.fault('look', answers(429, { 'retry-after': '7' }), afterTheTag);
      expectPublished(world, (await world.push(image)).outcome);
      expect(Math.max(...world.clock.slept)).toBeGreaterThan(6000);
      expect([world.count('look'), world.count('put-tag')]).toEqual([4, 1]);
    }),
  );

  it.each(Object.entries(silences))(
    'is tried again where %s, and the tag is put once',
    inWorld(async (world, _, fault) => {
      world.fault('look', fault, afterTheTag);
      const { outcome, ms } = await world.push(image);
      expectPublished(world, outcome);
      expect([world.count('look'), world.count('put-tag')]).toEqual([4, 1]);
      expect(ms).toBeLessThan(timing.total);
    }),
  );

  it.each([
    ...[500, 502, 503, 504].map((status) => ['registry-failed', answers(status)] as const),
    ['registry-busy', answers(429)],
    ['registry-busy', answers(429, { 'retry-after': '86400' })],
    ...Object.values(silences).map((fault) => ['registry-unreachable', fault] as const),
  ] as const)(
    'that fails for ever is told as %s, in bounded time, and a second push finds the tag (%o)',
    inWorld(async (world, reason, fault) => {
      world.fault('look', fault, { ...afterTheTag, ...forever });
      const { outcome, ms } = await world.push(image);
      expect(resultOf(outcome)).toBe(reason);
      expect(toldOf(outcome)).toMatch(words[reason] ?? /^$/);
      expect(toldOf(outcome)).toContain(`; the tag is set, to ${tagged(world)}. `);
      expect(ms).toBeLessThan(timing.total);
      const waited = world.clock.slept.reduce((sum, each) => sum + each, 0);
      expect(waited).toBeLessThanOrEqual(timing.patience + 5000);
      await expectHealed(world);
    }),
  );
});
