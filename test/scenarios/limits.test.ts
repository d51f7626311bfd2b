import { expect, it } from 'vitest';
import type { Policy } from '../../src/policy.ts';
import { people } from './people.ts';
import { scenarios, type World } from './world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });

function limits(changed: Partial<Policy['limits']>): (policy: Policy) => Policy {
  return (policy) => ({ ...policy, limits: { ...policy.limits, ...changed } });
}

/** How often an image’s bytes were asked for since this was called. */
function downloads(): () => number {
  const { requests } = on.outside.taskcluster;
  const before = requests.length;
  return () =>
    requests.slice(before).filter(({ at, path }) => at === 'storage' && /image\.tar/.test(path))
      .length;
}

async function withdrawAll(world: World): Promise<void> {
  for (const { id } of await world.store.list({ states: ['asked'], limit: 100 })) {
    await world.ask(alice, `withdraw ${id}`);
  }
}

it('24 requests that were withdrawn are not streamed: those that wait not at all, those under way not to their end', async () => {
  const world = await on.start({ policy: limits({ requestsOfOne: 50 }) });
  const opened = downloads();
  const { revision } = await on.outside.build('build-decision');
  const slow = { at: 'storage', path: 'image.tar', fault: 'stall', after: 200, times: 3 } as const;
  on.outside.taskcluster.faults.push({ ...slow });
  await Promise.all(
    Array.from({ length: 24 }, () => world.ask(alice, `build-decision ${revision}`)),
  );
  await expect.poll(opened).toBe(3);

  await withdrawAll(world);
  expect(await world.store.count(['withdrawn'])).toEqual(new Map([['withdrawn', 24]]));
  // The servers that stall would hold every place among those that are planned.
  await world.propose(bob, `build-decision ${revision}`);
  expect(opened()).toBe(4);
});
