import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../local/slack/delivery.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { elsewhere, people } from '../../local/rig/people.ts';
import { scenarios, type World, type WorldOptions } from '../helpers/scenarios/world.ts';

const { alice, bob, carol, dora, nobody } = people;
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
  expect(world.writes()).toEqual([]);
  expect(await world.kinds()).not.toContain('decrypting');
}

describe('an approval by', () => {
  it.each([
    ['the requester', alice, 'same-person', /You asked for this.*second person.*Ask another/],
    ['a bot', people.helper, 'not-a-member', /a bot\. Ask a full member/],
    ['a guest', people.gus, 'not-a-member', /a guest\. Ask a full member/],
    ['a deactivated account', people.gone, 'not-a-member', /deactivated/],
    ['somebody invited', people.invited, 'not-a-member', /not yet accepted/],
    ['a stranger of Slack Connect', people.stan, 'not-a-member', /of another workspace/],
    ['somebody who is no approver', nobody, 'not-an-approver', /not among the approvers\. Ask/],
    ['the same mailbox with a suffix', people.alicePlus, 'same-human', /belongs to the person who/],
    ['the same person of the enterprise', people.aliceGrid, 'same-human', /belongs to the person/],
  ] as const)('%s is refused, and says why to them alone', async (_, who, reason, why) => {
    const world = await waiting();
    await world.click(who, 'approve');
    await expectRefused(world, who, why);
    expect(await world.reasons()).toEqual([reason]);
    expect(world.cardText()).toContain('Waiting for a second person');
    expect(world.cardButtons()).toContain('approve');
  });

  it('an account that the configuration gives to the requester is refused', async () => {
    const world = await waiting({ people: [[bob, alice, dora]] });
    await world.click(dora, 'approve');
    await expectRefused(world, dora, /belongs to the person who asked/);
  });

  it('somebody of the list who is not of the group is refused: both must agree', async () => {
    const world = await waiting();
    world.slack.changeGroup('S0APPROVE', { users: [alice, carol] });
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /not among the approvers/);
  });

  it('anybody is refused while Slack does not say who is in the group', async () => {
    const world = await waiting();
    world.slack.fail({ method: 'usergroups.users.list', how: { error: 'internal_error' } });
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /does not say who is in the approvers’ group: internal_error/);
    await world.click(bob, 'approve');
    await world.until('reported');
  });

  it('anybody is refused while Slack does not say who they are', async () => {
    const world = await waiting();
    world.slack.fail({ method: 'users.info', times: 2, how: { status: 503 } });
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /does not say who you are/);
  });

  it('one person under two accounts counts once where two people are required', async () => {
    const world = await waiting({ required: 2 });
    await world.click(bob, 'approve');
    await world.slack.until(() => world.thread().some((text) => /1 more person must/.test(text)));
    await world.click(bob, 'approve');
    await expectRefused(world, bob, /You have approved this already\. Another approver/);
    await world.click(people.bobAdmin, 'approve');
    await expectRefused(world, people.bobAdmin, /You have approved this already/);
    expect(world.cardText()).toContain('(1 of 2)');
    await world.click(carol, 'approve');
    await world.until('reported');
    expect(world.cardText()).toContain('approved by <@U0BOB0001>, <@U0CAROL01>');
  });
});

describe('between approval and push', () => {
  it.each([
    ['left the group', (world: World) => world.slack.changeGroup('S0APPROVE', { users: [carol] })],
    ['was deactivated', (world: World) => world.slack.changeUser(bob, { kind: 'deactivated' })],
    ['became a guest', (world: World) => world.slack.changeUser(bob, { kind: 'guest' })],
  ])('an approver who %s stops the promotion', async (_, happens) => {
    const world = await waiting({ required: 2 });
    await world.click(bob, 'approve');
    await world.slack.until(() => world.thread().some((text) => /1 more person must/.test(text)));
    happens(world);
    await world.click(carol, 'approve');
    await world.until('refused');
    expect(world.thread().at(-1)).toMatch(
      /:no_entry: <@U0BOB0001>, who approved this, may not approve any more.*Ask again/,
    );
    expect(await world.reasons()).toEqual(['changed-approver']);
    expect(world.writes()).toEqual([]);
    expect(await world.kinds()).not.toContain('decrypting');
  });

  it('Slack that does not say who the approver is fails the push, and Retry heals it', async () => {
    const world = await waiting();
    world.slack.fail({ method: 'users.info', after: 3, how: { error: 'fatal_error' } });
    await world.click(bob, 'approve');
    await world.until('failed');
    expect(world.writes()).toEqual([]);
    await world.click(alice, 'retry');
    await world.until('reported');
  });
});

describe('a decision', () => {
  it('on a card that is not the one that stands there is refused', async () => {
    const world = await waiting();
    const card = world.card();
    const text = JSON.stringify(card.blocks).replaceAll(
      /sha256:[0-9a-f]{64}"/g,
      `sha256:${'0'.repeat(64)}"`,
    );
    await world.click(bob, 'approve', { ...card, blocks: JSON.parse(text) });
    await expectRefused(world, bob, /another plan than the one now proposed\. Look at the card/);
  });

  it('after the time was up is refused, and the card has no buttons that decide', async () => {
    const world = await waiting({ expires: 60_000 });
    const card = world.card();
    await world.later(61_000);
    await world.until('expired');
    expect(world.thread().at(-1)).toMatch(/<@U0ALICE01> .*expired\. Nothing was pushed; ask again/);
    expect(world.cardText()).toContain('*Expired*');
    expect(world.cardButtons()).toEqual(['details']);
    await world.click(bob, 'approve', card);
    await expectRefused(world, bob, /This promotion is expired already/);
  });

  it('against it needs a reason, which the requester reads', async () => {
    const world = await waiting();
    await world.click(bob, 'reject');
    const form = await world.slack.until(() => world.slack.views(bob)[0]);
    expect((await world.slack.as(bob).submit(form, { why: '' })).problems).toEqual({
      why: 'Please complete this required field.',
    });
    await world.slack.as(bob).submit(form, { why: 'Mercurial <!channel> & *more*' });
    await world.until('rejected');
    expect(world.thread().at(-1)).toContain(
      '<@U0ALICE01> :x: Rejected by <@U0BOB0001>:\nMercurial <!channel> & *more*',
    );
    expect(world.cardText()).toContain('*Rejected* by <@U0BOB0001>');
    expect(world.cardButtons()).toEqual(['details']);
    expect(world.writes()).toEqual([]);
  });

  it('against it is not asked for from somebody who may not make it', async () => {
    const world = await waiting();
    await world.click(nobody, 'reject');
    await expectRefused(world, nobody, /not among the approvers/);
    expect(world.slack.views(nobody)).toEqual([]);
    expect(await world.reasons()).toEqual(['not-an-approver']);
  });

  it('against it is told as failed where Slack could not open the form', async () => {
    const world = await waiting();
    world.slack.fail({ method: 'views.open', how: { error: 'expired_trigger_id' } });
    await world.click(bob, 'reject');
    await world.slack.until(() => world.told(bob).length > 0);
    expect(world.told(bob)).toEqual([
      expect.stringMatching(/did not open the form: expired_trigger_id\. Try again/),
    ]);
    expect(world.cardText()).toContain('Waiting for a second person');
  });

  it('is refused once another was made', async () => {
    const world = await waiting();
    const card = world.card();
    await world.click(alice, 'withdraw');
    await world.until('withdrawn');
    await world.click(bob, 'approve', card);
    await expectRefused(world, bob, /This promotion is withdrawn already/);
  });
});

describe('a withdrawal', () => {
  it('by the requester ends the request: nothing was pushed', async () => {
    const world = await waiting();
    await world.click(alice, 'withdraw');
    await world.until('withdrawn');
    expect(world.thread().at(-1)).toMatch(/Withdrawn by <@U0ALICE01>\. Nothing was pushed/);
    expect(world.cardText()).toContain('*Withdrawn*');
    expect(world.cardButtons()).toEqual(['details']);
    expect(world.writes()).toEqual([]);
  });

  it('by anybody else is refused', async () => {
    const world = await waiting();
    await world.click(bob, 'withdraw');
    await expectRefused(world, bob, /Only the person who asked may do this/);
  });

  it('by its id works as the button does', async () => {
    const world = await waiting();
    const pending = await world.until('pending');
    await world.ask(bob, `withdraw ${pending.id}`);
    await expectRefused(world, bob, /Only the person who asked may do this/);
    await world.ask(alice, `withdraw ${pending.id}`);
    await world.until('withdrawn');
  });

  it('while the build is still being proven is told, on the card too', async () => {
    let go = (): void => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    const world = await on.start({
      ports: ({ trees }) => ({
        trees: { ...trees, read: (...source) => held.then(() => trees.read(...source)) },
      }),
    });
    const { revision } = await on.outside.build('build-decision');
    await world.ask(alice, `build-decision ${revision}`);
    const card = await world.slack.until(() => world.slack.messages()[0]);
    expect(card.text).toContain('proving where the build comes from');
    const [asked] = await world.store.list({ limit: 1 });
    await world.ask(alice, `withdraw ${asked?.id}`);
    await world.slack.until(() => world.cardText().includes('*Withdrawn*'));
    await expect
      .poll(() => world.thread())
      .toEqual([expect.stringContaining('Withdrawn by <@U0ALICE01>')]);
    go();
    expect(await world.rest()).toMatchObject({ state: 'withdrawn' });
  });
});

describe('a retry', () => {
  async function failed(): Promise<World> {
    const world = await waiting({}, { sops: true });
    await world.encrypt({ password: 'rotated-away' });
    await world.click(bob, 'approve');
    await world.until('failed');
    return world;
  }

  it.each([
    ['the requester', alice],
    ['the approver', bob],
    ['another approver', carol],
  ])('by %s goes on under the same approval', async (_, who) => {
    const world = await failed();
    await world.encrypt();
    await world.click(who, 'retry');
    await world.until('reported');
    const kinds = await world.kinds();
    expect(kinds.filter((kind) => kind === 'approved')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'decrypting')).toHaveLength(2);
    expect(world.thread().join()).toContain(`<@${who}> tries again under the same approval`);
  });

  it('by somebody who is neither is refused', async () => {
    const world = await failed();
    await world.click(nobody, 'retry');
    await world.slack.until(() => world.told(nobody).length > 0);
    expect(world.told(nobody)).toEqual([expect.stringMatching(/not among the approvers/)]);
    expect(await world.rest()).toMatchObject({ state: 'failed' });
  });

  it('after the approval expired is refused', async () => {
    const world = await failed();
    await world.later(25 * 3_600_000);
    await world.click(alice, 'retry');
    await world.slack.until(() => world.told(alice).length > 0);
    expect(world.told(alice)).toEqual([expect.stringMatching(/expired on .*Ask again to get/)]);
  });
});

describe('a command', () => {
  it('in another channel is answered there, to the person alone', async () => {
    const world = await on.start();
    await world.ask(alice, 'build-decision latest', elsewhere);
    await world.slack.until(() => world.told(alice).length > 0);
    expect(world.told(alice)).toEqual([
      expect.stringMatching(/works only in <#C0IMAGES1>.*Go there and try again/),
    ]);
    expect(world.slack.ephemerals(alice)[0]?.channel).toBe(elsewhere);
    expect(await world.kinds()).toEqual(['refused']);
  });

  it('of somebody of another workspace is refused', async () => {
    const world = await on.start();
    await world.ask(people.stan, 'build-decision latest');
    await world.slack.until(() => world.told(people.stan).length > 0);
    expect(world.told(people.stan)).toEqual([expect.stringMatching(/belong to another workspace/)]);
  });

  it('of a guest starts nothing', async () => {
    const world = await on.start();
    await on.outside.build('build-decision');
    await world.ask(people.gus, 'build-decision latest');
    await world.slack.until(() => world.told(people.gus).length > 0);
    expect(await world.store.list({ limit: 1 })).toEqual([]);
    expect(world.told(people.gus)).toEqual([expect.stringMatching(/it is a guest\. Ask a full/)]);
    expect(world.slack.messages()).toEqual([]);
  });
});

/** Slack delivers this again as it does where it heard nothing: at once, after one and five minutes, and very late. */
async function again(world: World, delivery: Delivery | undefined): Promise<void> {
  if (!delivery) throw new Error('Nothing was delivered');
  for (const [before, minutes] of [0, 1, 5, 10].entries()) {
    await world.later(minutes * 60_000);
    await world.slack.deliverAgain(delivery, { number: before + 1, reason: 'http_timeout' });
    await world.rest();
  }
}

describe('the same delivery twice', () => {
  it('of a command makes one request', async () => {
    const world = await on.start();
    const { revision } = await on.outside.build('build-decision');
    world.slack.delivery({ duplicate: 2 });
    await world.propose(alice, `build-decision ${revision}`);
    expect(await world.store.list({ limit: 9 })).toHaveLength(1);
    await again(world, world.slack.delivered[0]);
    expect(await world.store.list({ limit: 9 })).toHaveLength(1);
    expect(world.slack.ephemerals(alice)).toHaveLength(1);
  });

  it('of a click counts once', async () => {
    const world = await waiting({ required: 2 });
    world.slack.delivery({ duplicate: 3 });
    await world.click(bob, 'approve');
    await again(world, world.slack.delivered.at(-1));
    expect(world.told(bob)).toEqual([]);
    expect((await world.kinds()).filter((kind) => kind === 'approved')).toHaveLength(1);
    expect(world.cardText()).toContain('(1 of 2)');
  });

  it('of a refused click is told once', async () => {
    const world = await waiting();
    world.slack.delivery({ duplicate: 3 });
    await world.click(alice, 'approve');
    await world.slack.until(() => world.told(alice).length > 0);
    await world.rest();
    expect(world.told(alice)).toHaveLength(1);
    expect(await world.reasons()).toEqual(['same-person']);
  });
});
