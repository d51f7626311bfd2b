import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Push } from '../../src/ports.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World, type WorldOptions } from '../helpers/scenarios/world.ts';

const { alice, bob, carol } = people;
const on = scenarios({ steadyTrees: true });
const name = 'mozillareleases/build-decision';

const tagsNow = () => on.outside.registry.store.repository(name).tags;

/** A request that bob has approved, in a world whose engine is this one. */
async function approved(
  engine: (push: Push, real: (push: Push) => Promise<unknown>, world: World) => Promise<unknown>,
  options: WorldOptions = {},
): Promise<{ readonly world: World; readonly id: string; readonly revision: string }> {
  const world: World = await on.start({
    ...options,
    ports: (ports) => ({
      engine: (push) => engine(push, ports.engine, world) as ReturnType<typeof ports.engine>,
    }),
  });
  const { revision } = await on.outside.build('build-decision');
  const { id } = await world.propose(alice, `build-decision ${revision}`);
  await world.click(bob, 'approve');
  return { world, id, revision };
}

/** A push that goes on when it is let, or ends when it is told to. */
async function pushing() {
  const [begun, opened] = [Promise.withResolvers<Push>(), Promise.withResolvers<void>()];
  const scene = await approved(async (push, real) => {
    begun.resolve(push);
    await Promise.race([opened.promise, aborted(push.signal)]);
    push.signal.throwIfAborted();
    return real(push);
  });
  const push = await begun.promise;
  await scene.world.slack.until(() => scene.world.cardButtons().includes('stop'));
  return { ...scene, push, open: opened.resolve };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

async function expectStopped(world: World, revision: string): Promise<void> {
  await world.until('withdrawn');
  expect(world.cardText()).toContain('*Stopped* during the push');
  expect(world.cardButtons()).toEqual(['details']);
  expect(tagsNow().has(revision)).toBe(false);
  expect(await world.kinds()).not.toContain('tagging');
}

describe('Stop during a push', () => {
  it.each([
    ['the requester', alice, /^:octagonal_sign: Stopped by <@U0ALICE01> during the push\. Layers/],
    ['whoever approved', bob, /^<@U0ALICE01> :octagonal_sign: Stopped by <@U0BOB0001> during/],
  ] as const)('by %s ends it, and says what is on the registry', async (_, who, says) => {
    const { world, revision, push } = await pushing();
    expect(world.cardButtons()).toEqual(['stop', 'details']);
    await world.click(who, 'stop');
    await expectStopped(world, revision);
    expect(push.signal.aborted).toBe(true);
    expect(world.thread().at(-1)).toMatch(says);
    expect(world.thread().at(-1)).toMatch(/may have been sent to the registry, but no tag was put/);
  });

  it('works by its id as well', async () => {
    const { world, id, revision } = await pushing();
    await world.ask(bob, `withdraw ${id}`);
    await expectStopped(world, revision);
  });

  it('by anybody else is refused, and the push goes on', async () => {
    const { world, open } = await pushing();
    await world.click(carol, 'stop');
    await world.slack.until(() => world.told(carol).length > 0);
    expect(world.told(carol)).toEqual([
      expect.stringMatching(/Only whoever asked or approved may/),
    ]);
    open();
    await world.until('reported');
  });

  it('ends a download that hangs at once, and frees the lane', async () => {
    const world = await on.start();
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    const { faults, requests } = on.outside.taskcluster;
    const before = requests.length;
    faults.push({ at: 'storage', path: 'image.tar.zst', fault: 'stall' });
    await world.click(bob, 'approve');
    const isLoading = () =>
      requests.slice(before).some(({ at, path }) => at === 'storage' && path.includes('image.tar'));
    await expect.poll(isLoading).toBe(true);
    await world.click(alice, 'stop');
    await expectStopped(world, revision);
    const next = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${next.revision}`);
    await world.click(bob, 'approve');
    await world.until('reported');
  });

  it('right before the tag is put keeps it from being put, also where the push does not hear of it', async () => {
    const { world, revision } = await approved(async (push, real) =>
      real({
        ...push,
        signal: new AbortController().signal,
        beforeTag: async (digest) => {
          expect(tagsNow().has(revision)).toBe(false);
          await world.click(alice, 'stop');
          await world.slack.until(() => world.cardText().includes('*Stopped*'));
          await push.beforeTag(digest);
        },
      }),
    );
    await expectStopped(world, revision);
  });

  it('is refused in words once the tag is being put, and the card has no button for it any more', async () => {
    const { world, revision } = await approved(async (push, real) =>
      real({
        ...push,
        beforeTag: async (digest) => {
          const card = await world.slack.until(() =>
            world.cardButtons().includes('stop') ? world.card() : undefined,
          );
          await push.beforeTag(digest);
          expect(tagsNow().has(revision)).toBe(false);
          await world.slack.until(() => !world.cardButtons().includes('stop'));
          expect(world.cardText()).toContain('*Pushing*, putting the tag');
          await world.click(alice, 'stop', card);
          await world.slack.until(() => world.told(alice).length > 0);
        },
      }),
    );
    await world.until('reported');
    expect(world.told(alice)).toEqual([
      expect.stringMatching(/The tag is being put, .*cannot be taken back any more\. Wait for its/),
    ]);
    expect(tagsNow().has(revision)).toBe(true);
  });
});
