import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BreakingSqlite } from '../helpers/faults/breaking-sqlite.ts';
import { openStore } from '../../src/store/store.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';
import { keyFor } from '../../local/rig/key.ts';

const { alice, bob, carol } = people;
const on = scenarios();

it('tells the second who asks for a target who holds it, and once more when it is free', async () => {
  const world = await on.start();
  const { revision, taskId } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  const card = world.card();
  const first = (await world.store.list({ states: ['pending'] }))[0];
  await world.ask(carol, `build-decision ${taskId}`);
  const second = await world.slack.until(() =>
    world.slack
      .messages()
      .find(({ blocks }) => JSON.stringify(blocks).includes('is being promoted already')),
  );
  expect(JSON.stringify(second.blocks)).toContain(first?.id);

  await world.click(bob, 'reject', card.ts);
  const form = await world.slack.until(() => world.slack.views(bob)[0]);
  await world.slack.as(bob).submit(form, { why: 'not today' });
  const free = await world.slack.until(() =>
    world.slack
      .thread(second.thread_ts ?? second.ts)
      .find(({ text }) => text.includes('is free again')),
  );
  expect(free.text).toContain(`<@${carol}>`);
  expect(free.text).toContain(first?.id);
});

describe('who waits for a target hears of its end, once, though', () => {
  /** Two who want the same: the first one’s card, and what the second was told. */
  async function twoAsk(): Promise<{ world: World; card: string; second: string }> {
    const world = await on.start();
    world.expectsErrors = true;
    const { revision, taskId } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    const card = world.card().ts;
    await world.ask(carol, `build-decision ${taskId}`);
    await world.until('refused');
    return { world, card, second: world.card().ts };
  }

  const told = (world: World, second: string) =>
    world.slack.thread(second).filter(({ text }) => text.includes('is free again'));

  it('the database fails just then; whoever took it back is not told that nothing was done', async () => {
    const { world, card, second } = await twoAsk();
    using breaking = new BreakingSqlite(join(world.folder, 'promote-image.sqlite'));
    breaking.breakBefore('event target-free', 'one failure');
    await world.click(alice, 'withdraw', { thread: card });
    await expect.poll(() => told(world, second), { timeout: 8000 }).toHaveLength(1);
    expect(breaking.failures).toBe(1);
    expect(world.told(alice)).toEqual([]);
    await world.later(0);
    expect(told(world, second)).toHaveLength(1);
  });

  it('the bot ends just then', async () => {
    const { world, card, second } = await twoAsk();
    using breaking = new BreakingSqlite(join(world.folder, 'promote-image.sqlite'));
    breaking.breakBefore('event target-free', 'disk');
    await world.click(alice, 'withdraw', { thread: card });
    await expect.poll(() => breaking.failures).toBeGreaterThan(0);
    await world.stop();
    breaking.heal();
    await world.run();
    await expect.poll(() => told(world, second), { timeout: 8000 }).toHaveLength(1);
    await world.rest();
    expect(told(world, second)).toHaveLength(1);
  });
});

it('tells them also where the bot was killed right after the target became free: once', async () => {
  const world = await on.start();
  const { revision, taskId } = await on.outside.build('build-decision');
  const holder = await world.propose(alice, `build-decision ${revision}`);
  await world.ask(carol, `build-decision ${taskId}`);
  await world.until('refused');
  await world.stop();
  // All that the bot wrote before it was killed.
  const url = `sqlite:${join(world.folder, 'promote-image.sqlite')}`;
  const store = await openStore(url, { now: () => world.now(), ...keyFor(url) });
  const to = { ...holder, state: 'withdrawn', endedAt: world.now().toISOString() } as const;
  const event = { kind: 'withdrawn', actor: alice, data: { state: 'withdrawn' } };
  if (!('plan' in to)) throw new Error('There is no plan');
  await store.change({ from: holder, to: to as never, event });
  await store.close();
  for (let starts = 0; starts < 2; starts += 1) {
    await world.run();
    await world.slack.until(() => freeIn(world).length > 0);
    await world.later(120_000);
    expect(freeIn(world)).toHaveLength(1);
    await world.stop();
  }
  await world.run();
});

function freeIn(world: World): readonly string[] {
  const texts = world.slack.messages().map(({ text }) => text);
  return texts.filter((text) => text.includes('is free again'));
}
