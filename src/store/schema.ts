import type { Promotion } from '../domain/states.ts';
import type { Post } from '../domain/post.ts';

/**
 * The tables, the same in both databases. Times are ISO 8601 in UTC, which sort as text;
 * values are canonical JSON in `body` and `data`, beside the columns that are searched.
 */
export interface Tables {
  readonly schema_version: { readonly version: number };
  readonly promotion: PromotionRow;
  readonly decision: DecisionRow;
  readonly event: EventRow;
  readonly inbox: { readonly key: string; readonly at: string };
  readonly outbox: OutboxRow;
  readonly layer: LayerRow;
}

export interface PromotionRow {
  readonly id: string;
  readonly version: number;
  readonly state: Promotion['state'];
  readonly image: string;
  /** `name:tag`, once there is a plan. */
  readonly target: string | null;
  /** The target while the promotion holds it; unique, so that one is in flight. */
  readonly holds: string | null;
  readonly plan_hash: string | null;
  readonly requester: string;
  readonly asked_at: string;
  readonly expires: string | null;
  /** For one that was refused because another held its target, until whoever asked is told that it is free: that one. */
  readonly waits_for: string | null;
  /** Number of the audit event that it began with: its place in time. */
  readonly began: number;
  readonly card_channel: string | null;
  readonly card_ts: string | null;
  /** The whole {@link Promotion}. */
  readonly body: string;
}

/** One person's yes or no. Unique by promotion, person and kind. */
export interface DecisionRow {
  readonly promotion: string;
  readonly person: string;
  readonly kind: 'approval' | 'rejection';
  /** The Slack account that clicked. */
  readonly account: string;
  readonly plan_hash: string;
  readonly at: string;
}

/** The audit log: only ever added to, which triggers see to. */
export interface EventRow {
  readonly seq: number;
  readonly at: string;
  readonly promotion: string | null;
  readonly actor: string;
  readonly kind: string;
  readonly data: string;
  readonly previous: string;
  readonly hash: string;
  /** Null in what was written before events were signed. */
  readonly signature: string | null;
}

/** What Slack must have. The row stays when it has it, as the place of the message; the body goes. */
export interface OutboxRow {
  readonly id: number;
  readonly promotion: string | null;
  readonly kind: Post['kind'];
  readonly slot: string | null;
  readonly key: string;
  /** The {@link Post}, until it is sent. */
  readonly body: string | null;
  readonly not_before: string;
  readonly attempts: number;
  /** The replica that is sending it, and until when it may take to do so. */
  readonly claimed_by: number | null;
  readonly claimed_until: string | null;
  readonly sent_at: string | null;
  readonly channel: string | null;
  readonly ts: string | null;
}

export interface LayerRow {
  readonly repository: string;
  readonly diff_id: string;
  readonly digest: string;
  readonly size: number;
  readonly added_at: string;
  /** Over the other facts, with a key that is not in the database: a row without is not known. */
  readonly mac: string | null;
}
