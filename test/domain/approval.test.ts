import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { approve, reject, retry, withdraw } from '../../src/domain/approval.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Member } from '../../src/domain/person.ts';
import { Digest } from '../../src/domain/reference.ts';
import type { Approved, Failed, Pending, Promotion } from '../../src/domain/states.ts';

const planHash = Digest.parse(`sha256:${'ab'.repeat(32)}`);
const now = new Date('2026-11-23T12:00:00Z');
const expires = '2026-11-24T12:00:00.000Z';

const pending: Pending = {
  state: 'pending',
  id: 'p1',
  version: 3,
  ask: { image: 'decision', build: { by: 'latest' } },
  requester: 'U0',
  askedAt: '2026-11-23T11:00:00.000Z',
  plan: {} as Plan,
  planHash,
  expires,
  approvals: [],
};

const policy: Policy['approval'] = {
  required: 1,
  expires: 86_400_000,
  finish: 3_600_000,
  approvers: { users: ['U0', 'U1', 'U2', 'U3'], group: 'S1' },
  people: [],
};

function member(id: string, change: Partial<Member> = {}): Member {
  const plain = { team: 'T1', enterpriseUser: undefined, unfit: undefined };
  return { id, email: `${id}@example.org`, ...plain, ...change };
}

const requester = member('U0');
const group = ['U0', 'U1', 'U2', 'U3'];
const click = { planHash, now, requester, group };

/** The reason of a refusal, or the new state. */
function outcome(result: Promotion | ReturnType<typeof approve>): string {
  return isRefusal(result) ? result.reason : result.state;
}

describe('an approval', () => {
  it('by another approver approves', () => {
    const approved = approve(pending, { ...click, member: member('U1') }, policy);
    expect(approved).toMatchObject({
      state: 'approved',
      approvals: [{ user: 'U1', person: 'U1', planHash, at: now.toISOString() }],
    });
  });

  it.each([
    ['the requester', { member: requester }, 'same-person'],
    ['nobody of the list', { member: member('U9') }, 'not-an-approver'],
    ['nobody of the group', { member: member('U1'), group: ['U0'] }, 'not-an-approver'],
    ['a group that is not known', { member: member('U1'), group: undefined }, 'not-an-approver'],
    ['a bot', { member: member('U1', { unfit: 'a bot' }) }, 'not-a-member'],
    [
      'another plan',
      { member: member('U1'), planHash: `sha256:${'0'.repeat(64)}` },
      'another-plan',
    ],
    ['nothing', { member: member('U1'), planHash: '' }, 'another-plan'],
    ['the last moment', { member: member('U1'), now: new Date(expires) }, 'approval-expired'],
  ])('of %s is refused', (_, change, reason) => {
    expect(outcome(approve(pending, { ...click, ...change }, policy))).toBe(reason);
  });

  it('of somebody who asked and is a full member no more is refused', () => {
    const left = member('U0', { unfit: 'deactivated' });
    const people = { member: member('U1'), requester: left };
    expect(outcome(approve(pending, { ...click, ...people }, policy))).toBe('requester-unfit');
  });

  it.each([
    [
      'by an account that only the configuration names',
      [member('U8', { email: 'u1+x@example.org' })],
    ],
    [
      'by one that was deactivated',
      [member('U8', { email: 'u1@example.org', unfit: 'deactivated' })],
    ],
  ] as const)('of one person is refused, where the two are tied %s', (_, aliases) => {
    const rules = { ...policy, people: [['U0', 'U8']] };
    const decider = { ...click, member: member('U1'), aliases };
    expect(outcome(approve(pending, decider, rules))).toBe('same-human');
    expect(outcome(approve(pending, { ...decider, aliases: [] }, rules))).toBe('approved');
  });

  it.each(['asked', 'approved', 'pushing', 'reported', 'withdrawn', 'expired', 'failed'] as const)(
    'of what is %s is refused',
    (state) => {
      const other = { ...pending, state } as Promotion;
      expect(outcome(approve(other, { ...click, member: member('U1') }, policy))).toBe(
        'already-decided',
      );
    },
  );

  it.each([
    ['Alice+x@Example.org', 'alice@example.org', 'same-human'],
    [' alice@example.org ', 'ALICE@EXAMPLE.ORG', 'same-human'],
    ['alice@example.org', 'bob@example.org', 'approved'],
    ['alice@example.org', 'alice@example.com', 'approved'],
    [undefined, 'alice@example.org', 'no-mailbox'],
    ['alice@example.org', undefined, 'no-mailbox'],
    ['', 'alice@example.org', 'no-mailbox'],
  ])('of %s for %s is %s', (email, asked, expected) => {
    const people = { member: member('U1', { email }), requester: member('U0', { email: asked }) };
    expect(outcome(approve(pending, { ...click, ...people }, policy))).toBe(expected);
  });
});

describe('with any people, configuration and order of clicks', () => {
  const ids = ['U0', 'U1', 'U2', 'U3', 'U4'] as const;
  const someone = fc.record({
    email: fc.constantFrom(undefined, 'a@x.org', 'A+1@x.org', 'b@x.org', 'b+9@X.ORG', 'c@x.org'),
    enterpriseUser: fc.constantFrom(undefined, undefined, 'W1', 'W2'),
    unfit: fc.constantFrom(undefined, undefined, undefined, 'a guest' as const, 'a bot' as const),
  });
  const world = fc.record({
    accounts: fc.tuple(someone, someone, someone, someone, someone),
    users: fc.option(fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 }), { nil: undefined }),
    group: fc.option(fc.uniqueArray(fc.constantFrom(...ids)), { nil: undefined }),
    people: fc.constantFrom<string[][]>(
      [],
      [['U0', 'U1']],
      [['U2', 'U3']],
      [
        ['U0', 'U4'],
        ['U1', 'U2'],
      ],
    ),
    required: fc.integer({ min: 1, max: 3 }),
    clicks: fc.array(fc.constantFrom(...ids), { maxLength: 8 }),
  });

  it('nobody of the requester’s person is ever among the approvers, and nobody counts twice', () => {
    let approvedRuns = 0;
    fc.assert(
      fc.property(world, ({ accounts, users, group: members, people, required, clicks }) => {
        const byId = Object.fromEntries(ids.map((id, at) => [id, member(id, accounts[at])]));
        const rules = {
          ...policy,
          required,
          people,
          approvers: { ...(users ? { users } : {}), ...(members ? { group: 'S1' } : {}) },
        };
        let current: Pending | Approved = pending;
        const model: string[] = [];
        for (const id of clicks) {
          const decider = {
            ...click,
            group: members,
            member: byId[id] as Member,
            requester: byId['U0'] as Member,
            approvedBy: current.approvals.map(({ user }) => byId[user] as Member),
          };
          const may =
            model.length < required &&
            isAllowed(byId[id] as Member, { users, members }) &&
            !byId['U0']?.unfit &&
            !!byId[id]?.email &&
            !!byId['U0']?.email &&
            !['U0', ...model].some((other) =>
              isReached(id, other, { known: ['U0', id, ...model].map((one) => byId[one]), people }),
            );
          const result = approve(current, decider, rules);
          expect(isRefusal(result)).toBe(!may);
          if (isRefusal(result)) continue;
          model.push(id);
          current = result;
        }
        expect(current.approvals.map(({ user }) => user)).toEqual(model);
        expect(current.state === 'approved').toBe(model.length >= required);
        if (current.state === 'approved') approvedRuns += 1;
      }),
      { numRuns: 10_000 },
    );
    // A generator under which nothing is ever approved would prove nothing.
    expect(approvedRuns).toBeGreaterThan(100);
  });

  function isAllowed(
    { id, unfit }: Member,
    {
      users,
      members,
    }: { users: readonly string[] | undefined; members: readonly string[] | undefined },
  ): boolean {
    return !unfit && (users?.includes(id) ?? true) && (members?.includes(id) ?? true);
  }

  /** The model’s own word of who is one person: whoever is reached from the one, link by link. */
  function isReached(
    from: string,
    to: string,
    {
      known,
      people,
    }: {
      readonly known: readonly (Member | undefined)[];
      readonly people: readonly (readonly string[])[];
    },
  ): boolean {
    const reached = new Set([from]);
    for (const one of reached) {
      const a = known.find((found) => found?.id === one);
      for (const list of people) {
        if (list.includes(one)) for (const id of list) reached.add(id);
      }
      for (const b of known) if (a && b && isLinked(a, b)) reached.add(b.id);
    }
    return reached.has(to);
  }

  function isLinked(a: Member, b: Member): boolean {
    const box = ({ email = '' }: Member) => email.toLowerCase().replace(/\+\d+/, '');
    const isOneMailbox = a.email !== undefined && b.email !== undefined && box(a) === box(b);
    return (
      isOneMailbox || (a.enterpriseUser !== undefined && a.enterpriseUser === b.enterpriseUser)
    );
  }
});

describe('a rejection, a withdrawal, a retry', () => {
  it('is an approver’s, with a reason', () => {
    const no = { ...click, member: member('U1'), why: 'no' };
    expect(reject(pending, no, policy)).toMatchObject({ state: 'rejected', by: 'U1', why: 'no' });
    expect(outcome(reject(pending, { ...no, member: member('U9') }, policy))).toBe(
      'not-an-approver',
    );
  });

  it.each([
    ['asked', 'withdrawn'],
    ['pending', 'withdrawn'],
    ['approved', 'withdrawn'],
    ['failed', 'withdrawn'],
    ['pushing', 'withdrawn'],
    ['promoted', 'already-decided'],
    ['reported', 'already-decided'],
    ['expired', 'already-decided'],
  ] as const)(
    'is the requester’s, and whoever’s who approved: what is %s becomes %s',
    (state, expected) => {
      const promotion = { ...pending, state } as Promotion;
      expect(outcome(withdraw(promotion, 'U0', now))).toBe(expected);
      expect(outcome(withdraw(promotion, 'U1', now))).toBe('not-yours');
      const yes = { user: 'U1', person: 'U1', planHash: pending.planHash, at: now.toISOString() };
      const agreed = { ...promotion, approvals: [yes] } as Promotion;
      expect(outcome(withdraw(agreed, 'U1', now))).toBe(expected);
      expect(outcome(withdraw(agreed, 'U2', now))).toBe('not-yours');
    },
  );

  it('comes too late for a push that is about to put its tag', () => {
    const tagging = { at: now.toISOString() };
    const promotion = { ...pending, state: 'pushing', pushingSince: expires, tagging } as Promotion;
    expect(outcome(withdraw(promotion, 'U0', now))).toBe('tag-begun');
  });

  const failed = {
    ...pending,
    state: 'failed',
    endedAt: expires,
    failure: { outcome: 'refused', reason: 'registry-failed', facts: {} },
  } as Failed;

  it.each([
    ['the requester', { member: requester }, 'approved'],
    ['an approver', { member: member('U1') }, 'approved'],
    ['somebody else', { member: member('U9') }, 'not-an-approver'],
    [
      'a deactivated requester',
      { member: member('U0', { unfit: 'deactivated' as const }) },
      'not-a-member',
    ],
    ['an approver, of another plan', { member: member('U1'), planHash: 'x' }, 'another-plan'],
    ['an approver, too late', { member: member('U1'), now: new Date(expires) }, 'approval-expired'],
  ])('by %s: %s', (_, change, expected) => {
    expect(outcome(retry(failed, { ...click, ...change }, policy))).toBe(expected);
  });

  it('leaves nothing of the failure behind', () => {
    const again = retry(failed, { ...click, member: requester }, policy);
    expect(again).toEqual({ ...pending, state: 'approved' });
    expect(outcome(retry(pending, { ...click, member: requester }, policy))).toBe('not-retryable');
  });
});
