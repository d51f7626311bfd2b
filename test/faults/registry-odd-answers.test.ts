import { beforeAll, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import type { Fault } from '../../local/registry/faults.ts';
import { defaultTiming } from '../../src/registry/timing.ts';
import { randomImage } from '../helpers/registry/push.ts';
import {
  answers,
  expectHealed,
  expectPublished,
  faultyWorld,
  forever,
  inWorld,
  resultOf,
  tagged,
  target,
  timing,
  toldOf,
  words,
  type FaultyWorld,
} from '../helpers/faults/registry-world.ts';

let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(200_000, 2000);
});

/** Milliseconds that the push waited because it was asked to, or to try again. */
function waited({ clock }: FaultyWorld): number {
  return clock.slept.reduce((sum, each) => sum + each, 0);
}

describe.concurrent('a registry that says 202 where it should say 201', () => {
  it(
    'and did not keep the end of a blob is not asked for ever, and no tag is put',
    inWorld(async (world) => {
      world.fault('finish', answers(202), forever);
      const { outcome, push, ms } = await world.push(image);
      expect(toldOf(outcome)).toMatch(
        /^The registry failed at the manifest of .+: 400 “MANIFEST_BLOB_UNKNOWN: .+”\. Press Retry/,
      );
      expect([push.opened(), world.count('put-manifest')]).toEqual([1, timing.attempts]);
      expect(ms).toBeLessThan(timing.total);
      expect(tagged(world)).toBeUndefined();
      await expectHealed(world, image);
    }),
  );

  it(
    'to a tag that it did not put is found out by reading it back',
    inWorld(async (world) => {
      world.fault('put-tag', answers(202), forever);
      const { outcome, ms } = await world.push(image);
      expect(toldOf(outcome)).toMatch(
        /: it was put, and it is not there; the tag is set, to sha256:\w{64}\. Nothing/,
      );
      expect(world.count('put-tag')).toBe(1);
      expect(ms).toBeLessThan(timing.total);
      await expectHealed(world, image);
    }),
  );

  it(
    'to a tag that it put is believed, as what is read back proves it',
    inWorld(async (world) => {
      const happens = (): void => {
        const { manifests, tags } = world.registry.store.repository(target.name);
        for (const digest of manifests.keys()) tags.set(target.tag, digest);
      };
      world.fault('put-tag', { fault: 'answer', status: 202, happens });
      expectPublished(world, (await world.push(image)).outcome);
      expect(world.count('put-tag')).toBe(1);
    }),
  );
});

describe.concurrent('a Retry-After', () => {
  it.each([
    ['a day', '86400'],
    ['thirteen digits', '9'.repeat(13)],
    ['twenty digits', '9'.repeat(20)],
    ['four hundred digits', '9'.repeat(400)],
  ])(
    'of %s is waited for as long as patience lasts, once',
    inWorld(async (world, _, header) => {
      world.fault('put-tag', answers(429, { 'retry-after': header }), forever);
      const { outcome, ms } = await world.push(image);
      expect(resultOf(outcome)).toBe('registry-busy');
      expect(toldOf(outcome)).toMatch(words['registry-busy'] ?? /^$/);
      expect(world.count('put-tag')).toBe(2);
      expect(waited(world)).toBeLessThanOrEqual(timing.patience + 1000);
      expect(ms).toBeLessThan(timing.total);
    }),
  );

  it.each(['look', 'patch', 'put-manifest', 'put-tag'] as const)(
    'of a 503 to %s is waited for, too',
    inWorld(async (world, step) => {
      world.fault(step, answers(503, { 'retry-after': '7' }));
      expectPublished(world, (await world.push(image)).outcome);
      expect(world.clock.slept).toContain(7000);
    }),
  );

  it.each(['86400', '99999999999999999999', 'Fri, 31 Dec 2049 23:59:59 GMT'])(
    'of a 503 is not waited for without end: %s',
    inWorld(async (world, header) => {
      world.fault('put-manifest', answers(503, { 'retry-after': header }), forever);
      const { outcome } = await world.push(image);
      expect(toldOf(outcome)).toMatch(words['registry-failed'] ?? /^$/);
      expect(world.count('put-manifest')).toBe(2);
      expect(waited(world)).toBeLessThanOrEqual(timing.patience + 1000);
    }),
  );
});

/** What a question may get that nothing depends on. */
const troubles: readonly Fault[] = [
  ...[500, 502, 503, 504, 429].map((status) => answers(status)),
  { fault: 'stall' },
];

describe.concurrent('how far an upload is', () => {
  const cut = { fault: 'cut', after: 30_000 } as const;

  it.each([500, 502, 503, 504])(
    'is asked again after %i, and the rest is sent',
    inWorld(async (world, status) => {
      world.fault('patch', cut, { skip: 1 });
      world.fault('status', answers(status), { times: 2 });
      const { outcome, push } = await world.push(image);
      expectPublished(world, outcome);
      expect([push.opened(), world.count('status')]).toEqual([1, 3]);
    }),
  );

  it.each([500, 502, 503, 504])(
    'is told as what failed where it is never answered (%i)',
    inWorld(async (world, status) => {
      world.fault('patch', cut, { skip: 1 });
      world.fault('status', answers(status), forever);
      const { outcome } = await world.push(image);
      expect(toldOf(outcome)).toMatch(words['registry-failed'] ?? /^$/);
      expect(world.count('status')).toBe(timing.attempts);
      await expectHealed(world, image);
    }),
  );
});

describe.concurrent('a push does without', () => {
  it.each(troubles)(
    'the mount of a layer (%o)',
    inWorld(async (world, fault) => {
      const sibling = { name: 'mozillareleases/decision', tag: '7' };
      const { ledger } = (await world.push(image, { target: sibling })).push;
      world.fault('mount', fault, forever);
      expectPublished(world, (await world.push(image, { ledger })).outcome);
      expect(world.count('mount')).toBeGreaterThan(0);
    }),
  );

  it.each(troubles)('an answer to the end of an upload that nobody needs (%o)', async (fault) => {
    await using world = await faultyWorld({ access: 'password' });
    await world.push(image, { target: { ...target, tag: '0.9.0' } });
    world.fault('cancel', fault, forever);
    const { outcome, push } = await world.push(image);
    expectPublished(world, outcome);
    expect(outcome).toMatchObject({ sent: 0 });
    expect([push.opened(), world.count('cancel')]).toEqual([1, 1]);
  });

  it.each(troubles)(
    'an answer to the end of an upload that failed: what failed is told (%o)',
    async (fault) => {
      await using world = await faultyWorld({ access: 'password' });
      world.fault('finish', answers(403), forever);
      world.fault('cancel', fault, forever);
      const { outcome, ms } = await world.push(image);
      expect(resultOf(outcome)).toBe('registry-denied');
      expect(world.count('cancel')).toBeGreaterThan(0);
      expect(ms).toBeLessThan(timing.total);
    },
  );
});

describe.concurrent('in words', () => {
  it(
    'are redirects without end',
    inWorld(async (world) => {
      const location = `${world.registry.url}/v2/${target.name}/manifests/${target.tag}`;
      world.fault('look', answers(307, { location }), forever);
      const { outcome, ms } = await world.push(image);
      expect(toldOf(outcome)).toBe(
        'The registry’s answer to the manifest of mozillareleases/build-decision:1.0.0 cannot be used: it redirects without end. Nothing was announced as published; look at the registry before you retry.',
      );
      expect(world.count('look')).toBe(6);
      expect(ms).toBeLessThan(timing.total);
    }),
  );

  it('are pushes that take too long in all', async () => {
    await using world = await faultyWorld({ timing: { total: 300 } });
    world.fault('patch', { fault: 'slow', ms: 200 }, forever);
    expect(toldOf((await world.push(image)).outcome)).toBe(
      'The registry did not answer mozillareleases/build-decision:1.0.0: it took longer than 0.3 s in all. Press Retry in a few minutes; what is there already is not sent again.',
    );
  });
});

it('gives a silent registry 30 s, a small answer a minute, and a push two hours', () => {
  expect(defaultTiming).toMatchObject({ idle: 30_000, answer: 60_000, total: 7_200_000 });
});
