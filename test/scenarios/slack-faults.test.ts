import { describe, expect, it } from 'vitest';
import type { Fault, How } from '../../local/slack/faults.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob, carol } = people;
const on = scenarios({ steadyTrees: true });

/** What a thread tells of a promotion that went well, without what is shown while it moves. */
const story = [
  /^Proven:/,
  /^:white_check_mark: Approved/,
  /^Nothing changed since/,
  /\*Published\*/,
  /\[file .*\.patch\]/,
  /^Patch for/,
];

/** Everything once, in order, below one card. */
function expectWholeStory(world: World): void {
  const told = world.thread();
  expect(told.map((text) => story.findIndex((part) => part.test(text)))).toEqual([
    0, 1, 2, 3, 4, 5,
  ]);
  expect(world.cardText()).toContain('*Published*');
  const ids = world.slack.messages().map(({ metadata }) => metadata?.event_payload['key']);
  const keys = ids.filter((key) => key !== undefined);
  expect(new Set(keys).size).toBe(keys.length);
}

/** Alice asks and bob approves while Slack is not itself; what waits is waited for on the bot’s clock. */
async function promote(world: World, hop = 1000): Promise<void> {
  const { revision } = await on.outside.build('build-decision');
  await world.ask(alice, `build-decision ${revision}`);
  const patience = setInterval(() => void world.later(hop), 100);
  try {
    await world.until('pending');
    await world.click(bob, 'approve', world.card().ts);
    await world.until('reported');
  } finally {
    clearInterval(patience);
  }
}

const posting = ['chat.postMessage', 'chat.update', 'files.completeUploadExternal'];
const faults: Readonly<Record<string, readonly Fault[]>> = {
  'every reply is lost once': [...posting, 'files.getUploadURLExternal', 'upload'].map(
    (method) => ({
      method,
      how: 'drop-reply',
    }),
  ),
  'the reply to the card is lost twice': [
    { method: 'chat.postMessage', times: 2, how: 'drop-reply' },
  ],
  'many replies are lost': [{ method: 'chat.postMessage', after: 1, times: 3, how: 'drop-reply' }],
  'requests are lost': posting.map((method) => ({ method, how: 'drop-request' })),
  'requests are lost, and the bot may not look any more at what it has posted': [
    ...posting.map((method) => ({ method, how: 'drop-request' as const })),
    ...['conversations.history', 'conversations.replies'].map((method) => ({
      method,
      times: 99,
      how: { error: 'missing_scope' },
    })),
  ],
  'it asks to slow down': posting.map((method) => ({
    method,
    how: { status: 429, retryAfter: 1 },
  })),
  'it fails with 503': posting.map((method) => ({ method, times: 2, how: { status: 503 } })),
  'it answers with a page': posting.map((method) => ({ method, how: 'html' })),
  'it never answers': [{ method: 'chat.postMessage', after: 1, how: 'stall' }],
  'it answers with errors of its own': posting.map((method) => ({
    method,
    how: { error: 'internal_error' },
  })),
};

describe('a promotion is told whole, once and in order, while', () => {
  it.each(Object.entries(faults))('%s', async (_, given) => {
    const world = await on.start({ patience: 1500 });
    // Before a push the log must have been held against the channel once.
    await world.introduced();
    for (const fault of given) world.slack.fail(fault);
    await promote(world);
    expectWholeStory(world);
  });

  it.each([
    ['a date', new Date(Date.now() + 3000).toUTCString()],
    ['nothing', undefined],
    ['no time', '0'],
    ['time that has passed', '-5'],
    ['words', 'soon'],
    ['more digits than a date has', '9'.repeat(20)],
    ['a day', 86_400],
  ])(
    'it asks to slow down, and for how long is %s',
    async (_, retryAfter) => {
      const world = await on.start();
      // The outbox looks at the clock every few seconds, whatever the clock says.
      world.patience = 30_000;
      const how = { status: 429, ...(retryAfter === undefined ? {} : { retryAfter }) };
      world.slack.fail({ method: 'chat.postMessage', times: 2, how });
      const began = world.now().getTime();
      await promote(world, 20_000);
      expectWholeStory(world);
      // Nobody is believed to mean a day; and nobody is asked again and again at once.
      expect(world.now().getTime() - began).toBeLessThan(2 * 3600_000);
      const refused = world.log.filter((line) => line.includes('Slack did not take a post'));
      expect(refused).toHaveLength(2);
    },
    60_000,
  );

  it('deliveries come three times and out of order', async () => {
    const world = await on.start();
    world.slack.delivery({ duplicate: 2, reorder: 3 });
    await promote(world);
    expectWholeStory(world);
    const kinds = await world.kinds();
    expect(kinds.filter((kind) => kind === 'asked' || kind === 'approved')).toHaveLength(2);
  });

  it('deliveries are slow', async () => {
    const world = await on.start();
    world.slack.delivery({ delay: [50, 400] });
    await promote(world);
    expectWholeStory(world);
  });

  it('the connection is cut in the middle of the push', async () => {
    const pushing = Promise.withResolvers<void>();
    const cut = Promise.withResolvers<void>();
    const world = await on.start({
      ports: ({ engine }) => ({
        engine: async (push) => {
          pushing.resolve();
          await cut.promise;
          return engine(push);
        },
      }),
    });
    const { revision } = await on.outside.build('build-decision');
    await world.propose(alice, `build-decision ${revision}`);
    await world.click(bob, 'approve');
    await pushing.promise;
    world.expectsErrors = true;
    world.slack.disconnect('cut');
    cut.resolve();
    await world.until('reported');
    expectWholeStory(world);
    await world.slack.until(() => world.slack.connections > 0, 15_000);
    await world.ask(carol, 'status');
    await expect
      .poll(() => world.told(carol), { timeout: 8000 })
      .toEqual([expect.stringContaining('Under way: nothing')]);
  });
});

it('a click on the card as it stood before an update is decided on what stands now', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  const before = world.card();
  await world.click(bob, 'approve');
  await world.until('reported');
  await world.click(carol, 'approve', before);
  await expect
    .poll(() => world.told(carol))
    .toEqual([expect.stringMatching(/is reported already/)]);
  expect((await world.kinds()).filter((kind) => kind === 'approved')).toHaveLength(1);
});

it.each<How>([{ error: 'internal_error' }, { status: 429, retryAfter: 3600 }])(
  'a refused answer reaches the person by the other way where one fails (%o)',
  async (how) => {
    const world = await on.start();
    world.slack.fail({ method: 'chat.postEphemeral', how });
    await world.ask(alice, 'nonsense latest');
    await expect
      .poll(() => world.told(alice))
      .toEqual([expect.stringMatching(/no image “nonsense”/)]);
  },
);
