import type { Reason } from '../../src/reasons.ts';
import { holdsTarget, type State } from '../../src/states.ts';
import { accountOf, group } from './people.ts';

/** What the registry does with a push. `crash`: the bot is gone in the middle of it. */
export type Fate = 'succeeds' | 'fails' | 'refuses' | 'crash';
export type Deed = 'approve' | 'reject' | 'withdraw' | 'retry';

export interface Request {
  readonly requester: string;
  readonly tag: string;
  state: State;
  approvals: string[];
  expires: number;
  /** How many had to approve when the plan was made. */
  required: number;
}

const day = 24;

/** What the bot has to make of its deliveries, as simply as it can be said. Time is in hours. */
export class Model {
  now = 0;
  required = 1;
  readonly approvers = new Set(group);
  readonly requests: Request[] = [];
  /** The tag of each push that began, in order. */
  readonly runs: string[] = [];
  readonly #published = new Set<string>();

  /** Why nothing was asked for, where nothing was. */
  ask(requester: string, tag: string): Reason | undefined {
    if (accountOf(requester).member.unfit) return 'not-a-member';
    const plan = { approvals: [], expires: Infinity, required: 0 };
    this.requests.push({ requester, tag, state: 'asked', ...plan });
    return undefined;
  }

  /** What a click comes to: nothing where it counts, otherwise why it does not. */
  click(deed: Deed, at: Request, by: { user: string; isOldPlan: boolean }): Reason | undefined {
    const { user, isOldPlan } = by;
    if (accountOf(user).member.unfit) return 'not-a-member';
    if (deed === 'withdraw') return this.#withdraw(at, user);
    if (at.state !== (deed === 'retry' ? 'failed' : 'pending'))
      return deed === 'retry' ? 'not-retryable' : 'already-decided';
    if (isOldPlan) return 'another-plan';
    if (this.now >= at.expires) return 'approval-expired';
    if (deed === 'approve') return this.#approve(at, user);
    const isOwnRetry = deed === 'retry' && user === at.requester;
    if (!isOwnRetry && !this.approvers.has(user)) return 'not-an-approver';
    if (deed === 'retry' && this.isHeld(at)) return 'target-busy';
    at.state = deed === 'retry' ? 'approved' : 'rejected';
    return undefined;
  }

  #approve(at: Request, user: string): Reason | undefined {
    if (user === at.requester) return 'same-person';
    if (isSameHuman(user, at.requester)) return 'same-human';
    if (!this.approvers.has(user)) return 'not-an-approver';
    if (at.approvals.some((other) => isSameHuman(user, other))) return 'already-approved-by-you';
    at.approvals.push(user);
    if (at.approvals.length >= this.required) at.state = 'approved';
    return undefined;
  }

  #withdraw(at: Request, user: string): Reason | undefined {
    if (user !== at.requester) return 'not-yours';
    if (at.state === 'pushing') return 'push-started';
    if (!['asked', 'pending', 'approved', 'failed'].includes(at.state)) return 'already-decided';
    at.state = 'withdrawn';
    return undefined;
  }

  /** Everything goes as far as it goes by itself. */
  tick(fate: Fate): void {
    for (const at of this.requests) {
      if (at.state === 'pending' && this.now >= at.expires) at.state = 'expired';
      if (at.state === 'asked') this.#plan(at);
      if (at.state === 'approved') at.state = this.#lookAgain(at);
      if (at.state === 'pushing') at.state = this.#push(at, fate);
    }
  }

  #plan(at: Request): void {
    at.state = 'pending';
    if (this.#published.has(at.tag)) at.state = 'unneeded';
    else if (this.isHeld(at)) at.state = 'refused';
    at.expires = this.now + day;
    at.required = this.required;
  }

  #lookAgain(at: Request): State {
    if (this.now >= at.expires) return 'expired';
    return at.approvals.every((user) => this.approvers.has(user)) ? 'pushing' : 'refused';
  }

  #push(at: Request, fate: Fate): State {
    if (at.required !== this.required) return 'refused';
    this.runs.push(at.tag);
    if (fate === 'succeeds') this.#published.add(at.tag);
    return (
      { succeeds: 'reported', fails: 'failed', refuses: 'refused', crash: 'pushing' } as const
    )[fate];
  }

  /** Whether another one in flight holds the target. */
  isHeld(at: Request): boolean {
    return this.requests.some(
      (one) => one !== at && one.tag === at.tag && holdsTarget.includes(one.state),
    );
  }
}

function isSameHuman(one: string, other: string): boolean {
  return accountOf(one).human === accountOf(other).human;
}
