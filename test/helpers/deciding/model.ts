import type { Reason } from '../../../src/domain/reasons.ts';
import { holdsTarget, type State } from '../../../src/domain/states.ts';
import { accountOf, group } from './people.ts';

/** The bot is gone in the middle of a push: before it was about to put the tag, just then, or when it had put it. */
export const crashes = ['crash', 'crash-tagging', 'crash-tagged'] as const;
/** Somebody clicks Stop in the middle of a push: before it was about to put the tag, or then. */
export const stops = ['stopped', 'too-late'] as const;
/** What becomes of a push. */
export type Fate =
  | 'succeeds'
  | 'fails'
  | 'refuses'
  | (typeof crashes)[number]
  | (typeof stops)[number];
export type Deed = 'approve' | 'reject' | 'withdraw' | 'stop' | 'retry';

export interface Request {
  readonly requester: string;
  readonly tag: string;
  state: State;
  approvals: string[];
  expires: number;
  /** How many had to approve when the plan was made. */
  required: number;
  /** A push of it was about to put the tag. */
  isTagging: boolean;
}

const day = 24;
/** For how long after its time a push that has begun may go on. */
const finish = 1;

/** What the bot has to make of its deliveries, as simply as it can be said. Time is in hours. */
export class Model {
  now = 0;
  required = 1;
  readonly approvers = new Set(group);
  readonly requests: Request[] = [];
  /** The tag of each push that began, in order. */
  readonly runs: string[] = [];
  /** Why a Stop in the middle of a push was refused, in order. */
  readonly refusals: Reason[] = [];
  readonly #published = new Set<string>();

  /** Why nothing was asked for, where nothing was. */
  ask(requester: string, tag: string): Reason | undefined {
    if (accountOf(requester).member.unfit) return 'not-a-member';
    const plan = { approvals: [], expires: Infinity, required: 0, isTagging: false };
    this.requests.push({ requester, tag, state: 'asked', ...plan });
    return undefined;
  }

  /** What a click comes to: nothing where it counts, otherwise why it does not. */
  click(deed: Deed, at: Request, by: { user: string; isOldPlan: boolean }): Reason | undefined {
    const { user, isOldPlan } = by;
    if (accountOf(user).member.unfit) return 'not-a-member';
    if (deed === 'withdraw' || deed === 'stop') return this.#withdraw(at, user);
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
    if (user !== at.requester && !at.approvals.includes(user)) return 'not-yours';
    if (at.state === 'pushing' && at.isTagging) return 'tag-begun';
    const open = ['asked', 'pending', 'approved', 'pushing', 'failed'];
    if (!open.includes(at.state)) return 'already-decided';
    at.state = 'withdrawn';
    return undefined;
  }

  /** Everything goes as far as it goes by itself. */
  tick(fate: Fate): void {
    for (const at of this.requests) {
      if (at.state === 'pending' && this.now >= at.expires) at.state = 'expired';
      if (at.state === 'asked') this.#plan(at);
      if (at.state === 'approved' || at.state === 'pushing')
        at.state = this.#lookAgain(at) ?? this.#push(at, fate);
    }
  }

  #plan(at: Request): void {
    at.state = 'pending';
    if (this.#published.has(at.tag)) at.state = 'unneeded';
    else if (this.isHeld(at)) at.state = 'refused';
    at.expires = this.now + day;
    at.required = this.required;
  }

  /** What keeps it from being pushed, or from being gone on with; a tag that it has put itself stays what it is. */
  #lookAgain(at: Request): State | undefined {
    const isSamePolicy = at.required === this.required;
    const isPut = at.state === 'pushing' && at.isTagging && this.#published.has(at.tag);
    if (isPut && isSamePolicy) return undefined;
    if (this.now >= at.expires + (at.state === 'pushing' ? finish : 0)) return 'expired';
    const mayStill = at.approvals.every((user) => this.approvers.has(user));
    // It may have been approved while the policy asked for fewer.
    const isEnough = at.approvals.length >= this.required;
    return mayStill && isSamePolicy && isEnough ? undefined : 'refused';
  }

  #push(at: Request, fate: Fate): State {
    at.state = 'pushing';
    this.runs.push(at.tag);
    if (fate === 'fails') return 'failed';
    if (fate === 'refuses') return 'refused';
    if (fate === 'crash') return 'pushing';
    if (fate === 'stopped') this.#stop(at);
    const isThere = this.#published.has(at.tag);
    if (!isThere && isOver(at)) return 'withdrawn';
    at.isTagging ||= !isThere;
    if (fate === 'too-late') this.#stop(at);
    if (fate === 'crash-tagging') return 'pushing';
    this.#published.add(at.tag);
    if (isOver(at)) return 'withdrawn';
    return fate === 'crash-tagged' ? 'pushing' : 'reported';
  }

  #stop(at: Request): void {
    const refused = this.#withdraw(at, at.requester);
    if (refused) this.refusals.push(refused);
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

function isOver({ state }: Request): boolean {
  return state === 'withdrawn';
}
