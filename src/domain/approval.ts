import { refuse, type Refusal } from './errors.ts';
import { type Member, tellPeople, type PersonOf } from './person.ts';
import type { Policy } from './policy.ts';
import type { Digest } from './reference.ts';
import type { Approved, Failed, Pending, Promotion, Rejected, Withdrawn } from './states.ts';

type ApprovalPolicy = Policy['approval'];

/** Who clicked, as Slack knows it at the moment of the click. */
export interface Decider {
  readonly member: Member;
  /** The requester's account, looked up at the same moment. */
  readonly requester: Member;
  /** Members of the configured group, where one is configured. */
  readonly group: readonly string[] | undefined;
  /** The accounts that have approved already. */
  readonly approvedBy?: readonly Member[];
  /** Every account that the configuration gives to somebody: some may be links between the others. */
  readonly aliases?: readonly Member[];
}

export interface Click {
  readonly planHash: Digest | string;
  readonly now: Date;
}

/**
 * The second person's yes. Counts distinct people; the promotion is approved when enough have said yes to this very
 * plan. Every other outcome is a refusal that says why.
 */
export function approve(
  promotion: Promotion,
  decider: Decider & Click,
  policy: ApprovalPolicy,
): Pending | Approved | Refusal {
  const open = stillOpen(promotion, decider);
  if ('outcome' in open) return open;
  const unable = mayApprove(decider, policy);
  if (unable) return unable;
  const { member } = decider;
  const { planHash } = open;
  const person = personsAmong(decider, policy)(member.id);
  const yes = { user: member.id, person, planHash, at: decider.now.toISOString() };
  const approvals = [...open.approvals, yes];
  const state = approvals.length >= policy.required ? 'approved' : 'pending';
  return { ...open, approvals, state } as Pending | Approved;
}

/** An approver's no. The requester's own is a withdrawal and not made here. */
export function reject(
  promotion: Promotion,
  decider: Decider & Click & { readonly why: string },
  policy: ApprovalPolicy,
): Rejected | Refusal {
  const open = stillOpen(promotion, decider);
  if ('outcome' in open) return open;
  const unable = mayDecide(decider, policy);
  if (unable) return unable;
  const { member, why, now } = decider;
  return { ...open, state: 'rejected', by: member.id, why, endedAt: now.toISOString() };
}

/** The requester takes it back, or somebody who approved it does: any time before the tag is put. */
export function withdraw(promotion: Promotion, user: string, now: Date): Withdrawn | Refusal {
  const approvals = 'approvals' in promotion ? (promotion.approvals ?? []) : [];
  if (user !== promotion.requester && !approvals.some((yes) => yes.user === user)) {
    const who = approvals.length > 0 ? 'whoever asked or approved' : 'the person who asked';
    return refuse('not-yours', { who });
  }
  const withdrawn = { state: 'withdrawn', by: user, endedAt: now.toISOString() } as const;
  switch (promotion.state) {
    case 'asked':
    case 'pending':
    case 'approved':
    case 'failed':
      return { ...promotion, ...withdrawn };
    case 'pushing':
      if (promotion.tagging) return refuse('tag-begun', {});
      return { ...promotion, ...withdrawn, stopped: true };
    default:
      return refuse('already-decided', { state: promotion.state });
  }
}

/** Once more under the same approval, for the requester and every approver, while the approval holds. */
export function retry(
  promotion: Promotion,
  decider: Decider & Click,
  policy: ApprovalPolicy,
): Approved | Refusal {
  if (promotion.state !== 'failed') return refuse('not-retryable', { state: promotion.state });
  const stale = stalePlan(promotion, decider);
  if (stale) return stale;
  const unfit = mayAct(decider.member);
  if (unfit) return unfit;
  const unable = decider.member.id === promotion.requester ? undefined : mayDecide(decider, policy);
  if (unable) return unable;
  const { failure: _failure, endedAt: _endedAt, ...planned } = promotion;
  return { ...planned, state: 'approved' };
}

/**
 * What keeps this account from approving what that one asked for. Asked at the click, and again right before the
 * credentials are decrypted, of everybody who approved, with those who did so earlier as `approvedBy`.
 */
export function mayApprove(decider: Decider, policy: ApprovalPolicy): Refusal | undefined {
  const { member, requester, approvedBy = [] } = decider;
  const unfit = mayAct(member);
  if (unfit) return unfit;
  if (member.id === requester.id) return refuse('same-person', {});
  const personOf = personsAmong(decider, policy);
  const person = personOf(member.id);
  if (person === personOf(requester.id)) return refuse('same-human', {});
  const unable = mayDecide(decider, policy);
  if (unable) return unable;
  if (requester.unfit) return refuse('requester-unfit', { kind: requester.unfit });
  const nameless = [member, requester].find(({ email }) => !email);
  if (nameless) return refuse('no-mailbox', { who: nameless.id });
  const isTwice = approvedBy.some(({ id }) => personOf(id) === person);
  return isTwice ? refuse('already-approved-by-you', {}) : undefined;
}

/** Whether this account may do anything at all here. */
export function mayAct(member: Member): Refusal | undefined {
  return member.unfit && refuse('not-a-member', { kind: member.unfit });
}

function personsAmong(decider: Decider, { people }: ApprovalPolicy): PersonOf {
  const { member, requester, approvedBy = [], aliases = [] } = decider;
  return tellPeople({ accounts: [member, requester, ...approvedBy, ...aliases], aliases: people });
}

/** What keeps this account from being an approver, whoever asked for whatever it is. */
export function mayDecide(
  { member, group }: Pick<Decider, 'member' | 'group'>,
  { approvers }: ApprovalPolicy,
): Refusal | undefined {
  const unfit = mayAct(member);
  if (unfit) return unfit;
  const listed = !approvers.users || approvers.users.includes(member.id);
  const grouped = !approvers.group || (group?.includes(member.id) ?? false);
  return listed && grouped ? undefined : refuse('not-an-approver', {});
}

function stillOpen(promotion: Promotion, click: Click): Pending | Refusal {
  if (promotion.state !== 'pending') return refuse('already-decided', { state: promotion.state });
  return stalePlan(promotion, click) ?? promotion;
}

function stalePlan(promotion: Pending | Failed, { planHash, now }: Click): Refusal | undefined {
  if (planHash !== promotion.planHash) return refuse('another-plan', {});
  if (now.getTime() < Date.parse(promotion.expires)) return undefined;
  return refuse('approval-expired', { expires: promotion.expires });
}
