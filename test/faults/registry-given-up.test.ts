import { beforeAll, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { fail } from '../../src/domain/errors.ts';
import { randomImage } from '../helpers/registry/push.ts';
import { faultyWorld, resultOf, type FaultyWorld } from '../helpers/faults/registry-world.ts';

let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(400_000, 20_000);
});

/** How a push ends before it is done. */
const ends: Readonly<Record<string, (world: FaultyWorld) => Promise<unknown>>> = {
  'is stopped': async (world) => {
    const stop = new AbortController();
    const happens = (): void => stop.abort();
    world.fault('patch', { fault: 'meanwhile', happens }, { skip: 1 });
    return (await world.push(image, { signal: stop.signal })).outcome;
  },
  'finds no artifact': async (world) => {
    const open = (): never => fail('taskcluster-unreachable', { what: 'x', problem: 'y' });
    return (await world.push(image, { open: async () => open() })).outcome;
  },
};

it.each(Object.entries(ends))(
  'an upload of a push that %s is ended at a registry that asks for a password',
  async (_, end) => {
    await using world = await faultyWorld({ access: 'password' });
    expect(resultOf((await end(world)) as never)).not.toBe('published');
    expect(world.count('cancel')).toBeGreaterThan(0);
    expect(world.registry.store.uploads.size).toBe(0);
  },
);

it.each(Object.entries(ends))(
  'an upload of a push that %s is left to one that asks for tokens: none of ours may delete',
  async (_, end) => {
    await using world = await faultyWorld();
    expect(resultOf((await end(world)) as never)).not.toBe('published');
    expect(world.registry.store.uploads.size).toBeGreaterThan(0);
    expect(world.count('cancel')).toBe(0);
    expect(world.tokens.requests.filter(({ query }) => query.includes('delete'))).toEqual([]);
  },
);
