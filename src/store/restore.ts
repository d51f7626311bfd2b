import type { Kysely } from 'kysely';
import { isIntact } from '../domain/audit.ts';
import type { AuditKeys } from '../domain/audit-keys.ts';
import { acceptedIn, isKnownLoss, restoreAccepted, type Accepted } from '../domain/restores.ts';
import { formatAnchor } from '../domain/anchors.ts';
import type { Restore } from '../store-port.ts';
import type { Anchor } from '../domain/post.ts';
import { eventsOf, headOf } from './log.ts';
import { enqueue } from './queue.ts';
import { recordChange, type Noted, type Recording } from './record.ts';
import type { Tables } from './schema.ts';

/** Numbers asked for in one statement: databases limit the number of values. */
const batch = 500;

/** Which of these anchors the log does not hold, but for what somebody accepted as lost. */
export async function unknownIn(
  tables: Kysely<Tables>,
  keys: AuditKeys | undefined,
  anchors: readonly Anchor[],
): Promise<readonly Anchor[]> {
  const hashes = new Map<number, string>();
  // Event 0 is what the first one follows.
  const asked = anchors.filter(({ seq }) => seq > 0);
  for (let at = 0; at < asked.length; at += batch) {
    const numbers = asked.slice(at, at + batch).map(({ seq }) => seq);
    const found = tables.selectFrom('event').select(['seq', 'hash']).where('seq', 'in', numbers);
    for (const { seq, hash } of await found.execute()) hashes.set(seq, hash);
  }
  const unknown = asked.filter(({ seq, hash }) => !hashes.get(seq)?.startsWith(hash));
  if (unknown.length === 0) return [];
  const restores: (Accepted & { readonly seq: number })[] = [];
  for await (const event of eventsOf(tables, { kinds: [restoreAccepted] })) {
    const accepted = isIntact(event) && keys?.isSigned(event) ? acceptedIn(event) : undefined;
    if (accepted) restores.push({ ...accepted, seq: event.seq });
  }
  return unknown.filter((anchor) => !isKnownLoss(anchor, restores));
}

/** What a restored log may name of what it does not hold; the newest. */
const named = 500;

/**
 * The log goes on behind everything that the channel has seen, what was under way ends, and posts that Slack does not
 * have are dropped: it had them, or they tell of what is no longer so. Throws where somebody changed a promotion meanwhile.
 */
export async function recordRestore(recording: Recording, restore: Restore): Promise<Noted> {
  const { tx, append, at } = recording;
  const { by, because, lost, ends, posts } = restore;
  const head = await headOf(tx);
  const newest = Math.max(head.seq, ...lost.map(({ seq }) => seq));
  const names = lost.toSorted((a, b) => b.seq - a.seq).map(formatAnchor);
  const data: Accepted = { head, lost: [...new Set(names)].slice(0, named), by, because };
  const event = { kind: restoreAccepted, actor: 'bot', promotion: undefined, data, at };
  const { seq, hash } = await append(tx, event, newest + 1);
  await tx.deleteFrom('outbox').where('sent_at', 'is', null).execute();
  for (const change of ends) {
    const { outcome } = await recordChange(recording, change);
    if (outcome !== 'changed') throw new Error(`${change.to.id} was changed meanwhile`);
  }
  const anchor = { seq, hash };
  await enqueue(tx, posts(anchor, { first: head.seq + 1, last: newest }), {
    promotion: undefined,
    at,
  });
  return { outcome: 'noted', anchor };
}
