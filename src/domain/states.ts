import type { Ask } from './ask.ts';
import type { Refusal } from './errors.ts';
import type { Plan } from './plan.ts';
import type { Digest } from './reference.ts';

/** One person's yes to one plan. */
export interface Approval {
  /** Slack user id of the account that clicked. */
  readonly user: string;
  /** The person behind it: the first of the accounts that are one person. */
  readonly person: string;
  readonly planHash: Digest;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** What the push left on the registry. */
export interface Pushed {
  /** The manifest's digest, read back from the registry. */
  readonly digest: Digest;
  /** Bytes that a pull transfers: config and compressed layers. */
  readonly size: number;
  /** Bytes of layers that this push sent; the rest was there already. */
  readonly sent: number;
  readonly layers: readonly PushedLayer[];
  /** The tag held the image already: nothing was put there, everything was proven. */
  readonly wasThere?: true;
  /** What compressed the layers, with version and level: the digest is reproducible with the same. */
  readonly compressor: string;
}

export interface PushedLayer {
  readonly diffId: Digest;
  readonly digest: Digest;
  /** Compressed bytes. */
  readonly size: number;
  readonly how: 'sent' | 'present' | 'mounted';
}

interface Base {
  /** Short, opaque, unguessable; what people type after `status` and `withdraw`. */
  readonly id: string;
  /** Grows by one with every change; the store compares it before it writes. */
  readonly version: number;
  readonly ask: Ask;
  /** Slack user id of the requester. */
  readonly requester: string;
  /** ISO 8601, UTC. */
  readonly askedAt: string;
  /** Whether the channel was told of it, by its card. Absent where it was asked for before this was kept: the log knows. */
  readonly announced?: boolean | undefined;
}

interface Planned extends Base {
  readonly plan: Plan;
  readonly planHash: Digest;
  /** ISO 8601, UTC: after it nobody may approve, and an approval may not be acted upon. */
  readonly expires: string;
  readonly approvals: readonly Approval[];
  /** When a push of it last began, if one did: layers may be on the registry. ISO 8601, UTC. */
  readonly pushingSince?: string | undefined;
  /** Set when a push of it is about to put the tag, and never taken back: from then on the tag may be there. */
  readonly tagging?: Tagging | undefined;
}

/** The moment from which a push can't be stopped. */
export interface Tagging {
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Of the manifest that is to be tagged, where the engine makes it itself. */
  readonly digest?: Digest | undefined;
}

/** Asked for, no plan yet. */
export interface Asked extends Base {
  readonly state: 'asked';
}

/** A plan stands in the channel and waits for a second person. */
export interface Pending extends Planned {
  readonly state: 'pending';
}

/** Enough distinct people said yes to this very plan. The only thing that `promote()` takes. */
export interface Approved extends Planned {
  readonly state: 'approved';
}

/** The push has begun: everything was looked at again, the credentials are decrypted. Until `tagging` it may be stopped. */
export interface Pushing extends Planned {
  readonly state: 'pushing';
  readonly pushingSince: string;
}

/** On the registry, read back and equal; the thread does not have the patch yet. */
export interface Promoted extends Planned {
  readonly state: 'promoted';
  readonly pushed: Pushed;
  readonly pushingSince: string;
  readonly promotedAt: string;
}

/** Digest and patch are in the thread. The end. */
export interface Reported extends Planned {
  readonly state: 'reported';
  readonly pushed: Pushed;
  readonly pushingSince: string;
  readonly promotedAt: string;
}

/** The push did not work out; `retry` goes back to `approved` while the approval holds. */
export interface Failed extends Planned {
  readonly state: 'failed';
  readonly failure: Refusal;
  readonly endedAt: string;
}

/** No plan came of it, or the world changed between the approval and the push. */
export interface Refused extends Base, Partial<Omit<Planned, keyof Base>> {
  readonly state: 'refused';
  readonly refusal: Refusal;
  readonly endedAt: string;
}

/** We published this very image under the tag before: nothing to promote, the digest and the patch were given. */
export interface Unneeded extends Planned {
  readonly state: 'unneeded';
  readonly digest: Digest;
  readonly endedAt: string;
}

export interface Rejected extends Planned {
  readonly state: 'rejected';
  readonly by: string;
  readonly why: string;
  readonly endedAt: string;
}

export interface Expired extends Planned {
  readonly state: 'expired';
  /** Enough people had said yes in time; the push was not done in time. */
  readonly approvedInTime?: boolean;
  readonly endedAt: string;
}

export interface Withdrawn extends Base, Partial<Omit<Planned, keyof Base>> {
  readonly state: 'withdrawn';
  /** Slack user id of the requester, or of somebody who had approved. Absent in old ones: the requester’s. */
  readonly by?: string;
  /** It was taken back while it was being pushed. */
  readonly stopped?: boolean;
  readonly endedAt: string;
}

/** A promotion is a value that changes type as it moves. */
export type Promotion =
  | Asked
  | Pending
  | Approved
  | Pushing
  | Promoted
  | Reported
  | Failed
  | Refused
  | Unneeded
  | Rejected
  | Expired
  | Withdrawn;

export type State = Promotion['state'];

/** What is so of every promotion in a state. */
type Trait =
  /** It can still go on, by itself or by a click. */
  | 'open'
  /** The bot has something to do without anybody's click. */
  | 'has work'
  /** It holds its target: one in flight per `name:tag`. */
  | 'holds its target'
  /** It takes its requester’s place among those that may be under way. */
  | 'takes room'
  /** Who asked may take it back; a restore ends it. */
  | 'can be taken back'
  /** It is got into on the strength of approvals, which the log must know. */
  | 'goes on from approvals'
  /** It is told as something that was done. */
  | 'done';

/** The one table of states: a new one says here in which lists it is. */
const traits: Readonly<Record<State, readonly Trait[]>> = {
  asked: ['open', 'has work', 'takes room', 'can be taken back'],
  pending: ['open', 'holds its target', 'takes room', 'can be taken back'],
  approved: ['open', 'has work', 'holds its target', 'takes room', 'can be taken back'],
  pushing: [
    'open',
    'has work',
    'holds its target',
    'takes room',
    'can be taken back',
    'goes on from approvals',
  ],
  promoted: [
    'open',
    'has work',
    'holds its target',
    'takes room',
    'goes on from approvals',
    'done',
  ],
  failed: ['open', 'can be taken back', 'done'],
  reported: ['goes on from approvals', 'done'],
  unneeded: ['done'],
  refused: ['done'],
  rejected: ['done'],
  expired: ['done'],
  withdrawn: ['done'],
};

/** Every state, in the order in which a promotion goes through them. */
export const states = Object.keys(traits) as readonly State[];

/** The states of which this is so. */
export function statesThat(trait: Trait): readonly State[] {
  return states.filter((state) => traits[state].includes(trait));
}

export const open = statesThat('open');
/** What has come to its end. */
export const over = states.filter((state) => !open.includes(state));
export const hasWork = statesThat('has work');
export const holdsTarget = statesThat('holds its target');
