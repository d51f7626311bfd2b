import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { Step } from '../../local/registry/faults.ts';
import type { Builds } from '../../src/ports.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios();

/** What people read of the end, exactly once. */
function expectOneEnd(world: World): void {
  const thread = world.thread();
  expect(thread.filter((text) => text.includes('*Published*'))).toHaveLength(1);
  expect(thread.filter((text) => text.startsWith('Patch for'))).toHaveLength(1);
  expect(Object.keys(world.files())).toHaveLength(1);
  expect(thread.filter((text) => text.includes('Approved by'))).toHaveLength(1);
}

async function pending(): Promise<{ readonly world: World; readonly revision: string }> {
  const world = await on.start({ child: {} });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  return { world, revision };
}

/** Approves, and waits until the push hangs at this step. */
async function stallAt(step: Step, world: World): Promise<void> {
  const { faults, requests } = on.outside.registry;
  const before = requests.length;
  faults.add(step, { fault: 'stall' });
  await world.click(bob, 'approve');
  const isThere = () => requests.slice(before).some((request) => request.step === step);
  await expect.poll(isThere, { timeout: 9000 }).toBe(true);
}

it('a kill while the build is being proven loses nothing: one card, one plan', async () => {
  const world = await on.start({ child: {} });
  const { revision } = await on.outside.build('build-decision');
  on.outside.taskcluster.faults.push({ at: 'storage', path: 'image.tar.zst', fault: 'stall' });
  await world.ask(alice, `build-decision ${revision}`);
  await world.slack.until(() => world.slack.messages().length === 1);
  const { requests } = on.outside.taskcluster;
  await expect
    .poll(() => requests.some(({ at, path }) => at === 'storage' && path.includes('image.tar')))
    .toBe(true);
  await world.kill();
  await world.run();
  await world.until('pending');
  expect(world.thread()).toEqual([expect.stringContaining('Proven:')]);
  expect(await world.kinds()).toEqual(['asked', 'build-proven', 'planned']);
  await world.click(alice, 'withdraw');
  await world.until('withdrawn');
});

it('a kill while a second person is waited for loses nothing', async () => {
  const { world } = await pending();
  await world.kill();
  await world.run();
  expect(world.cardText()).toContain('Waiting for a second person');
  await world.click(bob, 'approve');
  await world.until('reported');
  expectOneEnd(world);
});

it('a click that came while the bot was away is told as failed by Slack, and works afterwards', async () => {
  const { world } = await pending();
  await world.kill();
  expect(await world.click(bob, 'approve')).toMatchObject({ error: 'dispatch_failed' });
  await world.run();
  await world.click(bob, 'approve');
  await world.until('reported');
  expectOneEnd(world);
});

it('a kill in the middle of the push: it goes on after the start and publishes once', async () => {
  const { world, revision } = await pending();
  await stallAt('put-manifest', world);
  await world.kill();
  expect(
    on.outside.registry.store.repository('mozillareleases/build-decision').tags.has(revision),
  ).toBe(false);
  await world.run();
  await world.until('reported');
  expectOneEnd(world);
  expect((await world.kinds()).filter((kind) => kind === 'approved')).toHaveLength(1);
});

it('a kill after the tag was set but before it was recorded: recognised as published, once', async () => {
  const { world, revision } = await pending();
  const { tags } = on.outside.registry.store.repository('mozillareleases/build-decision');
  const killed = Promise.withResolvers<unknown>();
  tags.set = (tag, digest) => {
    Reflect.deleteProperty(tags, 'set');
    killed.resolve(world.kill());
    return tags.set(tag, digest);
  };
  await world.click(bob, 'approve');
  await killed.promise;
  const digest = tags.get(revision);
  expect(digest).toBeDefined();
  await world.run();
  expect(await world.until('reported')).toMatchObject({ pushed: { digest } });
  expectOneEnd(world);
});

it('a kill while Slack has not all of it: every post arrives, once', async () => {
  const { world } = await pending();
  world.slack.fail({ method: 'files.completeUploadExternal', times: 9, how: { status: 503 } });
  await world.click(bob, 'approve');
  await expect
    .poll(() => world.store.list({ states: ['reported'] }), { timeout: 9000 })
    .toHaveLength(1);
  await world.kill();
  world.slack.heal();
  await world.run();
  await world.until('reported');
  expectOneEnd(world);
});

it('SIGTERM in the middle of a push parks it and ends in time with 0; the next start goes on', async () => {
  const { world } = await pending();
  await stallAt('put-manifest', world);
  const from = performance.now();
  expect(await world.kill('SIGTERM')).toBe(0);
  expect(performance.now() - from).toBeLessThan(10_000);
  await world.run();
  await world.until('reported');
  expectOneEnd(world);
});

it('a stop begins nothing that still waits for its turn; the next start does', async () => {
  const verified: string[] = [];
  const { world, opened } = await slowlyPlanning(verified);
  const asked = 6;
  for (let n = 0; n < asked; n += 1) {
    const { revision } = await on.outside.build('build-decision');
    await world.ask(alice, `build-decision ${revision}`);
  }
  await expect.poll(opened).toBe(3);
  await world.stop();
  expect(verified).toHaveLength(3);
  await world.run({ ports: () => ({}) });
  const isPlanned = () => world.store.list({ states: ['pending'] });
  await expect.poll(isPlanned, { timeout: 20_000 }).toHaveLength(asked);
});

/** Whoever opens an artifact waits for it until the bot stops. */
async function slowlyPlanning(verified: string[]) {
  let opened = 0;
  const slow = (builds: Builds): Builds => ({
    ...builds,
    verify: async (image, taskId) => {
      verified.push(taskId);
      return builds.verify(image, taskId);
    },
    open: async (_, { signal }) => {
      opened += 1;
      if (!signal.aborted) await once(signal, 'abort');
      throw signal.reason;
    },
  });
  const world = await on.start({ ports: ({ builds }) => ({ builds: slow(builds) }) });
  return { world, opened: () => opened };
}
