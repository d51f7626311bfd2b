import { describe, expect, it } from 'vitest';
import type { SeedUser } from '../../local/slack/seed.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World, type WorldOptions } from '../helpers/scenarios/world.ts';

const { alice, bob, carol, dora } = people;
const on = scenarios({ steadyTrees: true });

/** A world with a request of alice’s that waits. */
async function waiting(
  change: Partial<Policy['approval']> = {},
  options: WorldOptions = {},
): Promise<World> {
  const world = await on.start({
    ...options,
    policy: (policy) => ({ ...policy, approval: { ...policy.approval, ...change } }),
  });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  return world;
}

/** One refusal, seen by one person; nothing decided, nothing pushed. */
async function expectRefused(world: World, who: string, why: RegExp): Promise<void> {
  await world.slack.until(() => world.told(who).length > 0);
  expect(world.told(who)).toEqual([expect.stringMatching(why)]);
  expect(world.cardText()).toContain('Waiting for a second person');
  expect(world.writes()).toEqual([]);
  expect(await world.kinds()).not.toContain('decrypting');
}

function withUsers(changes: Readonly<Record<string, Partial<SeedUser>>>): WorldOptions {
  return {
    seed: (seed) => ({
      ...seed,
      users: seed.users.map((user) => ({ ...user, ...changes[user.id] })),
    }),
  };
}

describe('one person', () => {
  it('is told by a chain of accounts: alice is dora by configuration, dora is bob by mailbox', async () => {
    const seed = withUsers({ [dora]: { email: 'Bob+on-call@example.org' } });
    const world = await waiting({ people: [[alice, dora]] }, seed);
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /belongs to the person who asked/);
    expect(await world.reasons()).toEqual(['same-human']);
    await world.click(carol, 'approve');
    await world.until('reported');
  });

  it('is told by a chain in which an account is deactivated', async () => {
    const gone = { email: 'bob@example.org', enterpriseUser: 'W0ALICE01' };
    const world = await waiting(
      { people: [[people.gone, dora]] },
      withUsers({ [people.gone]: gone }),
    );
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /belongs to the person who asked/);
  });

  it('counts once, however two approvers’ accounts are tied', async () => {
    const people_ = [
      [bob, dora],
      [dora, carol],
    ];
    const world = await waiting({ required: 2, people: people_ });
    await world.click(bob, 'approve');
    await world.slack.until(() => world.thread().some((text) => /1 more person must/.test(text)));
    await world.click(carol, 'approve');
    await expectRefused(world, carol, /You have approved this already/);
  });

  it('nobody is told from, while Slack does not say who a configured account is', async () => {
    const world = await waiting({ people: [[dora, 'U0NEVER01']] });
    await world.click(bob, 'approve');
    await expectRefused(
      world,
      bob,
      /does not say who <@U0NEVER01> is, whom the configuration names/,
    );
  });

  it('that turns out to be two approvers after they approved stops the promotion', async () => {
    const world = await waiting({ required: 2 });
    await world.click(bob, 'approve');
    await world.slack.until(() => world.thread().some((text) => /1 more person must/.test(text)));
    world.hold();
    await world.click(carol, 'approve');
    await expect.poll(() => world.kinds()).toContain('approved');
    world.slack.changeUser(carol, { email: 'bob+2@example.org' });
    await world.release();
    await world.until('refused');
    expect(world.thread().at(-1)).toMatch(/<@U0CAROL01>.*another approver’s own/);
    expect(world.writes()).toEqual([]);
  });
});

describe('a channel that is shared with another workspace', () => {
  const shared = { isShared: true };

  it('sees no request any more', async () => {
    const world = await on.start();
    await on.outside.build('build-decision');
    world.slack.changeChannel(world.slack.channel, shared);
    await world.ask(alice, 'build-decision latest');
    await world.until('refused');
    expect(world.told(alice)).toEqual([
      expect.stringMatching(/<#C0IMAGES1> is not ours alone: another workspace is in it/),
    ]);
    expect(world.slack.messages()).toEqual([]);
  });

  it.each([
    ['is shared', shared],
    ['is about to be shared', { isPendingShared: true }],
  ])('gets nothing published that was approved before it %s', async (_, change) => {
    const world = await waiting();
    world.hold();
    await world.click(bob, 'approve');
    await world.slack.until(() => world.thread().some((text) => /Approved by/.test(text)));
    world.slack.changeChannel(world.slack.channel, change);
    await world.release();
    await world.until('refused');
    expect(world.thread().at(-1)).toMatch(/is not ours alone: another workspace is in/);
    expect(world.writes()).toEqual([]);
    expect(await world.kinds()).not.toContain('decrypting');
  });

  it('of the same company is a channel like any other', async () => {
    const world = await waiting();
    world.slack.changeChannel(world.slack.channel, { isOrgShared: true });
    await world.click(bob, 'approve');
    await world.until('reported');
  });

  it('is not taken for ours while Slack does not say, and Retry heals it', async () => {
    const world = await waiting();
    world.slack.fail({ method: 'conversations.info', how: { error: 'fatal_error' } });
    await world.click(bob, 'approve');
    await world.until('failed');
    expect(world.writes()).toEqual([]);
    await world.click(alice, 'retry');
    await world.until('reported');
  });
});

describe('whoever asked, and is a full member no more,', () => {
  it.each(['deactivated', 'guest'] as const)('as %s, has nothing approved', async (kind) => {
    const world = await waiting();
    world.slack.changeUser(alice, { kind });
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /Whoever asked for this is no full member.*Reject it/);
  });

  it('has nothing pushed that was approved before', async () => {
    const world = await waiting();
    world.hold();
    await world.click(bob, 'approve');
    await world.slack.until(() => world.thread().some((text) => /Approved by/.test(text)));
    world.slack.changeUser(alice, { kind: 'deactivated' });
    await world.release();
    await world.until('refused');
    expect(world.thread().at(-1)).toMatch(/<@U0ALICE01>, who asked for this, is no full member/);
    expect(world.writes()).toEqual([]);
    expect(await world.kinds()).not.toContain('decrypting');
  });
});

it('nobody approves once the scope was taken away that shows addresses', async () => {
  const world = await waiting();
  const all = ['chat:write', 'users:read', 'usergroups:read', 'channels:read', 'channels:history'];
  world.slack.grant([...all, 'files:write', 'commands']);
  await world.click(bob, 'approve');
  await expectRefused(world, bob, /gives no e-mail address of/);
});

it.each([
  ['the approver', bob],
  ['whoever asked', alice],
])('nobody approves while Slack gives no e-mail address of %s', async (_, whose) => {
  const world = await waiting();
  world.slack.changeUser(whose, { email: '' });
  await world.click(bob, 'approve');
  await expectRefused(world, bob, new RegExp(`gives no e-mail address of <@${whose}>`));
});

describe('somebody who is no full member', () => {
  const verbs = [
    'build-decision latest',
    '',
    'help',
    'status',
    'history',
    'check',
    'withdraw p1',
    'repin build-decision',
    'nonsense',
  ];

  it.each([
    ['a guest', people.gus, /Your account cannot do this: it is a guest\. Ask a full member/],
    ['deactivated', people.gone, /it is deactivated/],
    ['a bot', people.helper, /it is a bot/],
    ['a stranger of Slack Connect', people.stan, /You belong to another workspace/],
  ])('as %s, gets one plain refusal for every verb', async (_, who, why) => {
    const world = await on.start();
    for (const [at, verb] of verbs.entries()) {
      await world.ask(who, verb);
      await world.slack.until(() => world.told(who).length > at);
    }
    expect(world.told(who)).toEqual(verbs.map(() => expect.stringMatching(why)));
    expect(new Set(world.told(who)).size).toBe(1);
    expect(await world.kinds()).toEqual(verbs.map(() => 'refused'));
    expect(world.slack.views(who)).toEqual([]);
  });

  it('sees no details, and nothing of what is under way at home', async () => {
    const world = await waiting();
    await world.click(people.gus, 'details');
    await world.slack.until(() => world.told(people.gus).length > 0);
    expect(world.told(people.gus)).toEqual([expect.stringMatching(/it is a guest/)]);
    expect(world.slack.views(people.gus)).toEqual([]);
    await world.slack.as(people.gus).home();
    const home = await world.slack.until(() => world.slack.homeOf(people.gus));
    expect(JSON.stringify(home.blocks)).toContain('it is a guest');
    expect(JSON.stringify(home.blocks)).not.toContain('build-decision');
    await world.slack.as(bob).home();
    const bobs = await world.slack.until(() => world.slack.homeOf(bob));
    expect(JSON.stringify(bobs.blocks)).toContain('build-decision');
  });

  it('takes nothing back, also what they asked for before', async () => {
    const world = await waiting();
    world.slack.changeUser(alice, { kind: 'guest' });
    await world.click(alice, 'withdraw');
    await expectRefused(world, alice, /it is a guest/);
  });

  it('sends no form that was opened before', async () => {
    const world = await on.start();
    await world.ask(alice, '');
    const form = await world.slack.until(() => world.slack.views(alice)[0]);
    world.slack.changeUser(alice, { kind: 'guest' });
    await world.later(6000);
    const { revision } = await on.outside.build('build-decision');
    await world.slack.as(alice).submit(form, { image: 'build-decision', build: revision });
    await world.slack.until(() => world.told(alice).length > 0);
    expect(world.told(alice)).toEqual([expect.stringMatching(/it is a guest/)]);
    expect(await world.store.list({ limit: 1 })).toEqual([]);
  });
});

it('nobody looks while Slack does not say who they are; asked again, it works', async () => {
  const world = await on.start();
  world.slack.fail({ method: 'users.info', how: { status: 503 } });
  await world.ask(alice, 'status');
  await world.slack.until(() => world.told(alice).length > 0);
  expect(world.told(alice)).toEqual([
    expect.stringMatching(/does not say who you are: .*Try again/),
  ]);
  await world.ask(alice, 'status');
  await world.slack.until(() => world.told(alice).length > 1);
  expect(world.told(alice)[1]).toContain('Under way: nothing');
});
