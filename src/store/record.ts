import type { Change, Changed, Created, Creation, Full, Note } from '../store-port.ts';
import type { Anchor } from '../domain/post.ts';
import { statesThat, type Promotion } from '../domain/states.ts';
import type { Tx } from './database.ts';
import { addDecisions } from './decisions.ts';
import type { Append } from './log.ts';
import { countPromotions, endWait, holderOf, isCurrent, save } from './promotions.ts';
import { enqueue } from './queue.ts';

const takesRoom = statesThat('takes room');

/** A serialised transaction, how it adds to the log, and when it is (ISO 8601, UTC). */
export interface Recording {
  readonly tx: Tx;
  readonly append: Append;
  readonly at: string;
}

/**
 * The one way in which a promotion changes, within one serialised transaction: whether it may is looked up first,
 * and nothing is written where it may not. Delivery, decision, audit event, new value and posts stand or fall together.
 */
export async function recordChange(
  { tx, append, at }: Recording,
  change: Change,
): Promise<Changed> {
  const { from, to, event, posts, envelope } = change;
  if (await isTaken(tx, envelope)) return { outcome: 'duplicate' };
  if (!(await isCurrent(tx, to.id, from))) return { outcome: 'stale' };
  const holder = await holderOf(tx, to);
  if (holder !== undefined) return { outcome: 'busy', holder };

  const promotion: Promotion = { ...to, version: (from?.version ?? 0) + 1 };
  await take(tx, envelope, at);
  const { seq, hash } = await append(tx, { ...event, promotion: to.id, at });
  const anchor: Anchor = { seq, hash };
  await save(tx, promotion, from ? undefined : seq);
  await addDecisions(tx, from, promotion);
  await enqueue(tx, posts?.(anchor) ?? [], { promotion: to.id, at });
  return { outcome: 'changed', promotion, anchor };
}

/** A new one, where there is room for it: counted in the transaction that makes it, however many come at once. */
export async function recordCreation(recording: Recording, creation: Creation): Promise<Created> {
  const { tx } = recording;
  const { room, ...change } = creation;
  if (room && !(await isTaken(tx, change.envelope))) {
    const full = await fullOf(tx, change.to.requester, room);
    if (full) return full;
  }
  return recordChange(recording, change);
}

async function fullOf(
  tx: Tx,
  requester: string,
  room: NonNullable<Creation['room']>,
): Promise<Full | undefined> {
  const own = total(await countPromotions(tx, takesRoom, requester));
  if (own >= room.person) return { outcome: 'full', of: 'person', count: own };
  const all = total(await countPromotions(tx, takesRoom));
  return all >= room.all ? { outcome: 'full', of: 'all', count: all } : undefined;
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

export type Noted =
  | { readonly outcome: 'noted'; readonly anchor: Anchor }
  | { readonly outcome: 'duplicate' };

/** The same for what changes no promotion. */
export async function recordNote({ tx, append, at }: Recording, note: Note): Promise<Noted> {
  const { promotion, event, posts, envelope, endsWait } = note;
  // Also where it was told before the column was there.
  if (endsWait && promotion !== undefined) await endWait(tx, promotion);
  if (await isTaken(tx, envelope)) return { outcome: 'duplicate' };
  await take(tx, envelope, at);
  const { seq, hash } = await append(tx, { ...event, promotion, at });
  const anchor: Anchor = { seq, hash };
  await enqueue(tx, posts?.(anchor) ?? [], { promotion, at });
  return { outcome: 'noted', anchor };
}

async function isTaken(tx: Tx, envelope: string | undefined): Promise<boolean> {
  if (envelope === undefined) return false;
  const row = await tx
    .selectFrom('inbox')
    .select('key')
    .where('key', '=', envelope)
    .executeTakeFirst();
  return row !== undefined;
}

async function take(tx: Tx, envelope: string | undefined, at: string): Promise<void> {
  if (envelope === undefined) return;
  await tx.insertInto('inbox').values({ key: envelope, at }).execute();
}
