import type { IncomingHttpHeaders } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import type { Fault } from '../../local/registry/faults.ts';
import { defaultChunks } from '../../src/registry/window.ts';
import { randomImage } from '../helpers/registry/push.ts';
import {
  answers,
  expectHealed,
  expectPublished,
  faultyWorld,
  forever,
  tagged,
  timing,
  toldOf,
  type FaultyWorld,
} from '../helpers/faults/registry-world.ts';

/** More than fits into the buffers of two sockets: what the registry does not read cannot be sent. */
let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(20 * 1024 ** 2);
});
const chunks = defaultChunks;

const readers: Readonly<Record<string, Fault>> = {
  'reads a byte a second': { fault: 'read-slowly', bytes: 1, every: 1000 },
  'stops reading inside a chunk': { fault: 'stop-reading', after: 1024 ** 2 },
  'reads nothing of a chunk': { fault: 'stop-reading', after: 0 },
};

/** A byte that came in the very end is refused the next time, and that may be the last word. */
const gaveUp =
  /^The registry (did not answer the upload of layer 1: nothing came for 0\.25 s\. Press Retry in a few minutes|failed at the upload of layer 1: 416\. Press Retry); what is there already is not sent again\.$/;

/** Given up because nothing could be sent, before the time of a whole push was over; nothing is left behind. */
async function expectGivenUp(world: FaultyWorld): Promise<void> {
  const { outcome, ms } = await world.push(image);
  expect(toldOf(outcome)).toMatch(gaveUp);
  expect(ms).toBeLessThan(timing.total);
  expect(tagged(world)).toBeUndefined();
  expect(world.count('cancel')).toBe(0);
}

describe.each(Object.entries(readers))('a registry that %s', (_, fault) => {
  it('is sent the rest on another connection, from an artifact that is read once', async () => {
    await using world = await faultyWorld({ chunks });
    world.fault('patch', fault);
    const { outcome, push, ms } = await world.push(image);
    expectPublished(world, outcome);
    expect(push.opened()).toBe(1);
    expect(ms).toBeLessThan(timing.total);
  });

  it('and does so every time is given up in words; a second push publishes', async () => {
    await using world = await faultyWorld({ chunks });
    world.fault('patch', fault, forever);
    await expectGivenUp(world);
    expect(world.count('patch')).toBeLessThanOrEqual(timing.attempts);
    await expectHealed(world, image);
  });
});

it('a registry that takes no chunks and stops reading is given up in words; a second push publishes', async () => {
  await using world = await faultyWorld({ chunks });
  const only = (headers: IncomingHttpHeaders): boolean => headers['content-range'] !== undefined;
  world.fault('patch', answers(405), { ...forever, only });
  world.fault('patch', { fault: 'stop-reading', after: 1024 ** 2 }, forever);
  await expectGivenUp(world);
  await expectHealed(world, image);
});

it('a registry that reads on and on, but too slowly, is given up when the time of a push is over', async () => {
  const total = 3000;
  await using world = await faultyWorld({ chunks, timing: { total, idle: 5000 } });
  // The layer would take six seconds and a half.
  world.fault('patch', { fault: 'read-slowly', bytes: 64 * 1024, every: 20 }, forever);
  world.fault('finish', { fault: 'read-slowly', bytes: 64 * 1024, every: 20 }, forever);
  const { outcome, ms } = await world.push(image);
  expect(toldOf(outcome)).toBe(
    'The registry did not answer mozillareleases/build-decision:1.0.0: it took longer than 3 s in all. Press Retry in a few minutes; what is there already is not sent again.',
  );
  // Telling the registry which uploads it may forget has a limit of its own, of three seconds.
  expect(ms).toBeLessThan(total + 3000 + 1000);
  expect(tagged(world)).toBeUndefined();
});
