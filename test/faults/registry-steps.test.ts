import { beforeAll, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import type { Step } from '../../local/registry/faults.ts';
import { randomImage } from '../helpers/registry/push.ts';
import {
  answers,
  expectPublished,
  forever,
  inWorld,
  resultOf,
  silences,
  tagged,
  target,
  timing,
  words,
  type FaultyWorld,
} from '../helpers/faults/registry-world.ts';
import { rowsAt } from '../helpers/counts.ts';

let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(400_000, 20_000);
});

/** Requests of that step, also those that go to the token service. */
function asked(world: FaultyWorld, step: Step): number {
  return step === 'token' ? world.tokens.requests.length : world.count(step);
}

/** Every step of a push that the registry or its token service can fail at. */
const steps: readonly Step[] = [
  'ping',
  'token',
  'look',
  'start',
  'tags',
  'patch',
  'finish',
  'head-blob',
  'put-manifest',
  'put-tag',
  'manifest',
];
/** Steps without which a push goes on: they only save time. */
const dispensable: readonly Step[] = ['tags'];
/** Steps at which it is asked first what arrived, before anything is sent again. */
const asksFirst: readonly Step[] = ['put-tag', 'patch', 'finish'];

it(
  'every step that a sound push takes is among them',
  inWorld(async (world) => {
    expectPublished(world, (await world.push(image)).outcome);
    const taken = new Set<Step>(world.registry.requests.map(({ step }) => step));
    if (world.tokens.requests.length > 0) taken.add('token');
    expect([...taken].filter((step) => !steps.includes(step))).toEqual([]);
    expect(steps.filter((step) => !taken.has(step))).toEqual([]);
  }),
);

describe.concurrent.each(steps)('%s', (step) => {
  const rows = <T>(all: readonly T[]) => rowsAt(steps.indexOf(step), all);

  it.each(rows([408, 500, 502, 503, 504]))(
    'is tried again after %i',
    inWorld(async (world, status) => {
      world.fault(step, answers(status), { times: 2 });
      expectPublished(world, (await world.push(image)).outcome);
    }),
  );

  it.each(
    rows([
      ['seconds', '7', 7000],
      ['an HTTP date', 'date', 9000],
      ['nothing', undefined, 0],
      ['neither seconds nor a date', 'soon', 0],
    ] as const),
  )(
    'waits as long as a 429 with %s asks',
    inWorld(async (world, _, header, wait) => {
      const value = header === 'date' ? new Date(Date.now() + 9000).toUTCString() : header;
      world.fault(step, answers(429, value ? { 'retry-after': value } : {}));
      const began = performance.now();
      expectPublished(world, (await world.push(image)).outcome);
      // A date has whole seconds, and comes nearer until the step is reached.
      const passed = header === 'date' ? 1000 + performance.now() - began : 0;
      expect(Math.max(...world.clock.slept)).toBeGreaterThanOrEqual(0.9 * wait - passed);
      expect(Math.max(...world.clock.slept)).toBeLessThanOrEqual(wait + 1000);
    }),
  );

  it.each(rows(Object.entries(silences)))(
    'is tried again where %s',
    inWorld(async (world, _, fault) => {
      world.fault(step, fault);
      const { outcome, ms } = await world.push(image);
      expectPublished(world, outcome);
      expect(ms).toBeLessThan(timing.total);
    }),
  );

  it.each(
    rows([
      ['registry-failed', answers(503)],
      ['registry-busy', answers(429, { 'retry-after': '1' })],
      ['registry-busy', answers(429, { 'retry-after': '86400' })],
      ['registry-busy', answers(429, { 'retry-after': 'Fri, 31 Dec 2049 23:59:59 GMT' })],
      ...Object.values(silences).map((fault) => ['registry-unreachable', fault] as const),
    ] as const),
  )(
    'gives up with %s, in words, in bounded time and after few requests (%o)',
    inWorld(async (world, reason, fault) => {
      world.fault(step, fault, forever);
      const { outcome, ms } = await world.push(image);
      // What arrived although no answer came is recognised by asking what is there.
      const arrived = !['answer', 'stall'].includes(fault.fault);
      // The answer to a HEAD is nothing but its head.
      const isWhole = step === 'head-blob' && fault.fault === 'hang';
      const isDone = isWhole || dispensable.includes(step) || (arrived && asksFirst.includes(step));
      expect(ms).toBeLessThan(timing.total);
      const waited = world.clock.slept.reduce((sum, each) => sum + each, 0);
      expect(waited).toBeLessThanOrEqual(timing.patience * 2 + 5000);
      if (isDone) return expectPublished(world, outcome);
      expect(resultOf(outcome)).toBe(reason);
      if ('error' in outcome) expect(outcome.error.message).toMatch(words[reason] ?? /^$/);
      const budget = reason === 'registry-busy' ? 2 + timing.patience / 1000 : timing.attempts;
      expect(asked(world, step)).toBeLessThanOrEqual(budget * atOnce(step));
      // Whatever was read back or not: no tag shows anything but the whole image.
      if (step !== 'manifest') expect(tagged(world)).toBeUndefined();
    }),
  );

  it.each(rows([400, 409, 422]))(
    'does not try again after %i',
    inWorld(async (world, status) => {
      world.fault(step, answers(status), forever);
      const { outcome } = await world.push(image);
      const isDone = dispensable.includes(step);
      expect(resultOf(outcome)).not.toBe(isDone ? 'registry-failed' : 'published');
      expect(asked(world, step)).toBeLessThanOrEqual(
        step === 'patch' || step === 'finish' ? 6 : atOnce(step),
      );
    }),
  );

  it(
    'finds a token that ended meanwhile, and fetches one more',
    inWorld(async (world) => {
      if (step === 'ping' || step === 'token') return;
      const happens = () => world.tokens.revokeAll();
      world.fault(step, { fault: 'meanwhile', happens });
      expectPublished(world, (await world.push(image)).outcome);
      // Two layers that are refused one after the other may each fetch one.
      expect(world.tokens.requests.length).toBeGreaterThan(1);
      expect(world.tokens.requests.length).toBeLessThan(4);
    }),
  );

  it(
    'finds credentials that ended meanwhile, asks once more and stops',
    inWorld(async (world) => {
      if (step === 'ping' || step === 'token') return;
      const happens = () => {
        world.tokens.revokeAll();
        world.fault('token', answers(401), forever);
      };
      world.fault(step, { fault: 'meanwhile', happens });
      const { outcome } = await world.push(image);
      expect(resultOf(outcome)).toBe('registry-credentials');
      if ('error' in outcome)
        expect(outcome.error.message).toBe(
          `The registry refused the credentials for ${target.name}:${target.tag} (401). They may have been rotated: an operator must update the sops file, then press Retry.`,
        );
      // The manifest is read back when the tag is set already.
      if (step !== 'manifest') expect(tagged(world)).toBeUndefined();
    }),
  );
});

/** Requests of one step that a push sends beside each other: two layers, or each blob that is looked for. */
function atOnce(step: Step): number {
  return ['patch', 'finish', 'start', 'head-blob', 'look'].includes(step) ? 3 : 1;
}
