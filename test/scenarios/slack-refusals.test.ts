import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BreakingSqlite, type Trouble } from '../helpers/faults/breaking-sqlite.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });

function logged(world: World, message: RegExp): { level: number; problem?: string }[] {
  return world.log
    .flatMap((lines) => lines.split('\n'))
    .filter((line) => message.test(line))
    .map((line) => JSON.parse(line) as { level: number; problem?: string });
}

/** Lets the bot’s clock run until Slack has everything. */
async function untilPending(world: World): Promise<void> {
  const hurry = setInterval(() => void world.later(5000), 100);
  try {
    await world.until('pending');
  } finally {
    clearInterval(hurry);
  }
}

describe('a Slack that refuses every post', () => {
  it.each([
    ['not_in_channel', true],
    ['channel_not_found', true],
    ['token_revoked', true],
    ['msg_too_long', true],
    ['invalid_blocks', true],
    ['ratelimited', false],
  ])(
    'with %s keeps none from arriving later; log, metric and health call somebody: %s',
    async (error, calls) => {
      const world = await on.start();
      world.expectsErrors = true;
      world.slack.fail({ method: 'chat.postMessage', times: 1000, how: { error } });
      const { revision } = await on.outside.build('build-decision');
      await world.ask(alice, `build-decision ${revision}`);
      await expect.poll(() => world.metric('promote_image_posts_refused_total')).toBeGreaterThan(0);
      const [line] = logged(world, /Slack did not take a post; it is tried again/);
      expect(line).toMatchObject({ level: calls ? 50 : 40, problem: error });
      expect(await world.metric('promote_image_posts_waiting')).toBeGreaterThan(0);
      const trouble = expect.stringMatching(`^Slack has not taken a post since .*: ${error}$`);
      expect(await world.problems()).toEqual(calls ? [trouble] : []);
      // What would have passed by itself calls as well, once it has lasted.
      await world.later(6 * 60_000);
      await expect.poll(() => world.problems()).toEqual([trouble]);
      expect(await world.metric('promote_image_posts_refused_seconds')).toBeGreaterThan(300);

      world.slack.heal();
      await untilPending(world);
      expect(world.thread()).toEqual([expect.stringMatching(/^Proven:/)]);
      expect(await world.problems()).toEqual([]);
      expect(await world.metric('promote_image_posts_waiting')).toBe(0);
      await world.click(alice, 'withdraw');
      await world.until('withdrawn');
    },
  );

  it('for good, because its place is gone: it is given up, counted and told; the rest arrives', async () => {
    const world = await on.start();
    world.expectsErrors = true;
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    world.slack.fail({ method: 'chat.update', how: { error: 'message_not_found' } });
    await world.click(alice, 'withdraw');
    await world.until('withdrawn');
    expect(logged(world, /will never take this post; given up/)).toMatchObject([
      { level: 50, problem: 'message_not_found' },
    ]);
    expect(await world.metric('promote_image_posts_given_up_total')).toBe(1);
    expect(world.thread().at(-1)).toMatch(/[Ww]ithdrawn/);
  });
});

it('a page in the place of Slack’s answer is no word of Slack’s: nobody is shown it, and it may pass', async () => {
  const world = await on.start();
  world.slack.fail({ method: 'views.open', how: 'html' });
  world.slack.fail({ method: 'chat.postMessage', how: 'html' });
  await world.ask(alice, '');
  const told = 'Slack did not open the form: its answer makes no sense. Try again.';
  await expect.poll(() => world.told(alice)).toEqual([told]);
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  expect(logged(world, /Slack did not take a post/)).toMatchObject([
    { level: 40, problem: 'its answer makes no sense' },
  ]);
  await world.click(alice, 'withdraw');
  await world.until('withdrawn');
});

describe('a form that Slack does not open any more', () => {
  it.each(['expired_trigger_id', 'invalid_trigger_id'])(
    '(%s) is told; the line does the same without it',
    async (error) => {
      const world = await on.start();
      world.slack.fail({ method: 'views.open', how: { error } });
      await world.ask(alice, '');
      const told = expect.stringMatching(`^Slack did not open the form: ${error}\\. Try again`);
      await expect.poll(() => world.told(alice)).toEqual([told]);
      const { revision } = await on.outside.build('build-decision');
      await world.propose(alice, `build-decision ${revision}`);
      await world.click(alice, 'withdraw');
      await world.until('withdrawn');
    },
  );
});

describe('an answer that no way leads to its person', () => {
  it('keeps Slack from no acknowledgement', async () => {
    const world = await on.start({ patience: 1500 });
    world.expectsErrors = true;
    for (const method of ['response_url', 'chat.postEphemeral'])
      world.slack.fail({ method, times: 9, how: 'stall' });
    // 0.8 s is what it gets where the work itself is late.
    const { ms } = await world.ask(alice, 'nonsense latest');
    expect(ms).toBeLessThan(700);
  });

  it('keeps nothing from being decided', async () => {
    const world = await on.start();
    for (const method of ['response_url', 'chat.postEphemeral'])
      world.slack.fail({ method, times: 99, how: { status: 404 } });
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    await world.click(alice, 'approve');
    await world.click(bob, 'approve');
    await world.until('reported');
    expect((await world.kinds()).filter((kind) => kind === 'approved')).toHaveLength(1);
    expect(logged(world, /an answer did not reach its person/).length).toBeGreaterThan(0);
  });
});

/** What was deleted leaves room behind: a full database has none of that either. */
function useFreePages(file: string): void {
  using other = new DatabaseSync(file);
  other.exec('create table if not exists ballast (bytes blob)');
  for (;;) {
    const { freelist_count } = other.prepare('pragma freelist_count').get() ?? {};
    if (!freelist_count) return;
    other.exec(`insert into ballast values (zeroblob(${Number(freelist_count) * 4000}))`);
  }
}

describe('an operator is told', () => {
  it.each([
    ['full', 'the disk is full'],
    ['read-only', 'it is read-only'],
    ['locked', 'it is locked by another program'],
    ['disk', 'the disk failed'],
  ] as const)(
    'that the database is %s, and Slack hears in time; so is who asked, and it works again afterwards',
    async (trouble: Trouble, problem) => {
      const world = await on.start();
      world.expectsErrors = true;
      expect(await world.problems()).toEqual([]);
      await world.introduced();
      const file = join(world.folder, 'promote-image.sqlite');
      if (trouble === 'full') useFreePages(file);
      using breaking = new BreakingSqlite(file);
      // The lock comes with the next transaction: with that of the health page.
      breaking.breakBefore('insert inbox', trouble);
      if (trouble === 'locked') await world.problems();
      const { revision } = await on.outside.build('build-decision');
      const from = performance.now();
      expect(await world.ask(alice, `build-decision ${revision}`)).not.toHaveProperty('error');
      expect(performance.now() - from).toBeLessThan(3000);
      const words = `The database did not take a change: ${problem}. Nothing was done; an operator must look at the database.`;
      await expect.poll(() => world.told(alice)).toContain(words);
      expect(await world.problems()).toEqual([`the database takes no change: ${problem}`]);
      expect(logged(world, /"msg":"not ready"/)).toMatchObject([{ level: 50 }]);
      expect(world.slack.messages()).toEqual([]);

      breaking.heal();
      expect(await world.problems()).toEqual([]);
      expect(logged(world, /"msg":"ready again"/)).toHaveLength(1);
      await world.propose(alice, `build-decision ${revision}`);
      await world.click(alice, 'withdraw');
      await world.until('withdrawn');
    },
  );

  it.each([
    [10, 'behind'],
    [-10, 'ahead of'],
  ])('where Slack’s clock is %i minutes off; promotions go on', async (minutes, how) => {
    const world = await on.start();
    world.expectsErrors = true;
    world.slack.skew(minutes * 60_000);
    const problem = `this clock is 10 minutes ${how} Slack’s`;
    expect(await world.problems()).toEqual([problem]);
    expect(logged(world, new RegExp(`"not ready"`))).toMatchObject([{ problems: [problem] }]);
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    await world.click(bob, 'approve');
    await world.until('reported');
    world.slack.skew(0);
    expect(await world.problems()).toEqual([]);
  });
});

it('a clock that is off is in the log, although nobody asks for health', async () => {
  const world = await on.start({ child: {} });
  await world.stop();
  world.slack.skew(-10 * 60_000);
  await world.run();
  world.expectsErrors = true;
  await sleep(500);
  await world.stop();
  const problem = 'this clock is 10 minutes ahead of Slack’s';
  expect(logged(world, /"msg":"not ready"/)).toMatchObject([{ level: 50, problems: [problem] }]);
});

it('somebody who is called otherwise meanwhile is still the one who may approve', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  world.slack.changeUser(bob, { name: 'robert', realName: 'Robert Renamed' });
  await world.click(bob, 'approve');
  world.slack.changeUser(bob, { name: 'bobby', realName: 'Bobby Again' });
  await world.until('reported');
  expect(world.thread().filter((text) => text.includes('Approved by <@U0BOB0001>'))).toHaveLength(
    1,
  );
});
