import type { Anchor } from './post.ts';

/** One line of the audit log, before the store has chained it. */
export interface AuditEvent {
  readonly kind: string;
  /** Slack user id, or `bot`. */
  readonly actor: string;
  /** Facts; never a secret. */
  readonly data: object;
}

/** An audit event as it stands in the log. `hash` covers every other field and the hash before it. */
export interface ChainedEvent extends AuditEvent, Anchor {
  readonly promotion: string | undefined;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly previous: string;
  /** Over the hash, with a key that is not in the database. Absent where events were not signed yet. */
  readonly signature?: string | undefined;
}

/** Something else that is looked at while the log goes by; told at its end. */
export interface LogCheck {
  take(event: ChainedEvent): void;
  problems(): readonly string[];
  /** What is known and no problem. */
  notes?(): readonly string[];
}
