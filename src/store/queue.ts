import { randomUUID } from 'node:crypto';
import { canonical } from '../domain/canonical.ts';
import type { Post } from '../domain/post.ts';
import type { Tx } from './database.ts';

export interface Address {
  readonly promotion: string | undefined;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * Puts posts at the end of the queue. One for a slot replaces what still waits there for the same slot.
 * Only within a serialised transaction: posts go in the order of their ids.
 */
export async function enqueue(
  tx: Tx,
  posts: readonly Post[],
  { promotion, at }: Address,
): Promise<void> {
  for (const post of posts) {
    const slot = post.kind === 'slot' ? post.slot : null;
    if (promotion !== undefined && slot !== null) await dropOvertaken(tx, promotion, slot);
    await tx
      .insertInto('outbox')
      .values({
        id: (await lastId(tx)) + 1,
        promotion: promotion ?? null,
        kind: post.kind,
        slot,
        key: randomUUID(),
        body: canonical(post),
        not_before: at,
        attempts: 0,
        claimed_by: null,
        claimed_until: null,
        sent_at: null,
        channel: null,
        ts: null,
      })
      .execute();
  }
}

/** One that was tried may be in Slack already: its place is still to be found, so it stays. */
async function dropOvertaken(tx: Tx, promotion: string, slot: string): Promise<void> {
  await tx
    .deleteFrom('outbox')
    .where('promotion', '=', promotion)
    .where('slot', '=', slot)
    .where('sent_at', 'is', null)
    .where('attempts', '=', 0)
    .execute();
}

async function lastId(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('outbox')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? 0;
}
