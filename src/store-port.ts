import type { AuditEvent, ChainedEvent } from './domain/event.ts';
import type { Anchor, Post, CardPlace } from './domain/post.ts';
import type { AuditKeys } from './domain/audit-keys.ts';
import type { Ledger } from './ports.ts';
import type { Asked, Promotion } from './domain/states.ts';

/** A change of one promotion: compare-and-set, audit event and posts in one transaction. */
export interface Change {
  /** The value it was decided on; its version must still be the stored one. Absent for a new promotion. */
  readonly from?: Promotion | undefined;
  /** The new value. The store sets its version. */
  readonly to: Promotion;
  readonly event: AuditEvent;
  /** What Slack must have; rendered with the anchor of this very event. */
  readonly posts?: ((anchor: Anchor) => readonly Post[]) | undefined;
  /** The Slack delivery that caused it: a second time it changes nothing. */
  readonly envelope?: string | undefined;
}

/** Something worth an audit event that changes no promotion: a refused click, a refused line. */
export interface Note extends Omit<Change, 'from' | 'to'> {
  readonly promotion?: string | undefined;
  /** The promotion was refused for a target that another one held, and whoever asked is told by this: it waits no longer. */
  readonly endsWait?: boolean;
}

export type Changed =
  | { readonly outcome: 'changed'; readonly promotion: Promotion; readonly anchor: Anchor }
  /** The stored version is another: somebody was faster. Read again and decide again. */
  | { readonly outcome: 'stale' }
  /** This delivery was taken before. */
  | { readonly outcome: 'duplicate' }
  /** Another promotion in flight holds the target. */
  | { readonly outcome: 'busy'; readonly holder: string };

/** A new promotion. */
export interface Creation extends Omit<Change, 'from' | 'to'> {
  readonly to: Asked;
  /** How many may be under way, this one included: of its requester, and of everybody. */
  readonly room?: { readonly person: number; readonly all: number } | undefined;
}

export type Created = Changed | Full;

/** As many as there may be are under way already; nothing was written. */
export interface Full {
  readonly outcome: 'full';
  readonly of: 'person' | 'all';
  readonly count: number;
}

/** Ids, oldest first: with work of the bot’s own, and waiting longer than an approval may take. */
export interface Due {
  readonly working: readonly string[];
  readonly overdue: readonly string[];
}

/** SQL, the only truth. Every method is one transaction. */
export interface Store {
  create(creation: Creation): Promise<Created>;
  change(change: Change): Promise<Changed>;
  note(note: Note): Promise<Changed | { readonly outcome: 'noted'; readonly anchor: Anchor }>;
  get(id: string): Promise<Promotion | undefined>;
  /** Newest first. */
  list(filter: {
    readonly states?: readonly Promotion['state'][];
    readonly image?: string;
    /** Refused because this one held their target, and not told since that it is free; `anybody`: because some one did. */
    readonly waitsFor?: string;
    readonly limit?: number;
  }): Promise<readonly Promotion[]>;
  /** What there is something to do for now. */
  due(now: Date): Promise<Due>;
  /** How many promotions are in each of these states. */
  count(states: readonly Promotion['state'][]): Promise<ReadonlyMap<Promotion['state'], number>>;
  /**
   * Runs `work` while this process alone holds the promotion; `undefined` where another one does.
   * `signal` fires when that is no longer sure: stop. What is written then is still compared by version.
   */
  hold<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>;
  /** Where the request card of a promotion is, once Slack has it. */
  card(id: string): Promise<CardPlace | undefined>;
  /** The audit log in order, chained; or what of it is of one promotion, or of these kinds. */
  events(filter?: {
    readonly promotion?: string;
    readonly kinds?: readonly string[];
    /** From this one on. */
    readonly since?: number;
  }): AsyncIterable<ChainedEvent>;
  /** Where the log ends. */
  head(): Promise<Anchor>;
  /** Which of these anchors the log does not hold, but for what somebody accepted as lost. */
  unknown(anchors: readonly Anchor[]): Promise<readonly Anchor[]>;
  /** The log of a restored database goes on, with what is missing named in it. */
  acceptRestore(restore: Restore): Promise<void>;
  /** What vouches for the log; absent where who only reads has no key. */
  readonly keys?: AuditKeys | undefined;
  /** Calls back after each committed change, here or in another replica. Returns how to stop that. */
  onChange(listener: () => void): () => void;
  /** Writes something and takes it back. Throws `database-failed` where the database takes no change. */
  probe(): Promise<void>;
  readonly outbox: Outbox;
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** Somebody knows that the database was restored, and that events are missing from its log. */
export interface Restore {
  readonly by: string;
  readonly because: string;
  /** What the channel has seen and the log does not hold. */
  readonly lost: readonly Anchor[];
  /** The end of everything that was under way. */
  readonly ends: readonly Change[];
  readonly posts: (
    anchor: Anchor,
    missing: { readonly first: number; readonly last: number },
  ) => readonly Post[];
}

/** Posts that Slack does not have yet. At least once: whoever sends looks for `key` in the thread before it repeats. */
export interface Outbox {
  /** The oldest unsent post of each promotion, as far as its time has come. Posts of one promotion go in order. */
  due(now: Date): Promise<readonly QueuedPost[]>;
  /** Slack has it. For a card this is also where the card is from now on; for a slot where to update it. */
  sent(id: number, place: CardPlace): Promise<void>;
  /** Slack did not take it: try again then. Without effect where another replica has it by now. */
  later(id: number, notBefore: Date): Promise<void>;
  /**
   * Whether a post that was handed out is still this replica's to send: asked right before it is. One that was stopped
   * for a while, or cut off, is not heard of, and then another replica sends it.
   */
  isOurs(id: number): boolean;
  /** Puts a post into the queue without an audit event: progress, which tells of nothing that was decided. */
  add(promotion: string, post: (head: Anchor) => Post): Promise<void>;
  /** When the next unsent post comes due. */
  next(): Promise<Date | undefined>;
  /** How many posts Slack does not have yet. */
  waiting(): Promise<number>;
}

export interface QueuedPost {
  readonly id: number;
  readonly promotion: string | undefined;
  readonly post: Post;
  /** How often Slack was asked already: from 1 on, look for `key` first. */
  readonly attempts: number;
  /** Unique; goes into the message's metadata, by which a lost reply is recognised. */
  readonly key: string;
  readonly card: CardPlace | undefined;
  /** For a slot: the message to update. */
  readonly slot: CardPlace | undefined;
}
