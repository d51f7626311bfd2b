import type { Kysely } from 'kysely';
import type { Outbox, QueuedPost } from '../store-port.ts';
import type { CardPlace, Post } from '../domain/post.ts';
import { write, type Database, type Tx } from './database.ts';
import { headOf } from './log.ts';
import { placeOf } from './promotions.ts';
import { enqueue } from './queue.ts';
import type { OutboxRow, Tables } from './schema.ts';

/** Posts handed out at once. */
const batch = 50;

/** How long a replica that is alive may take to send one post before it is handed out again. */
const claimTime = 30_000;

/** When to look again for what another replica is sending: it may have died. */
const lookAgain = 2_000;

/**
 * The posts that Slack does not have yet.
 *
 * Several replicas: `due` writes into each row which replica sends it and counts the attempt *before* the post, so
 * that whoever gets the row after a crash knows to look in the thread first. A claim holds as long as its replica
 * lives, which the database server knows at once; time alone would either repeat what a slow replica is still
 * sending, or leave a dead one's posts lying. `FOR UPDATE SKIP LOCKED` would need a transaction open while Slack answers.
 */
export function outboxOf(database: Database, clock: () => Date, onAdded: () => void): Outbox {
  const { kysely } = database;
  const leases = new Map<number, () => boolean>();
  return {
    async due(now) {
      // Asked all the time and mostly in vain: looking costs no write lock.
      const waiting = await heads(kysely)
        .where('post.not_before', '<=', iso(now))
        .limit(1)
        .executeTakeFirst();
      if (!waiting) return [];
      const lease = database.lease();
      const claimed = await write(database, (tx) => claim(tx, database, now));
      for (const { id } of claimed) leases.set(id, lease);
      return claimed;
    },
    async sent(id, place) {
      // Doing it twice is doing it once: there is nothing to look up after a lost commit.
      const again = async () => false;
      await write(database, (tx) => markSent(tx, { id, place, at: iso(clock()) }), again);
      leases.delete(id);
    },
    async later(id, notBefore) {
      leases.delete(id);
      await kysely
        .updateTable('outbox')
        .set({ not_before: iso(notBefore), claimed_by: null, claimed_until: null })
        .where('id', '=', id)
        .where('sent_at', 'is', null)
        .where('claimed_by', '=', database.replica)
        .execute();
    },
    isOurs: (id) => leases.get(id)?.() ?? false,
    async add(promotion, post) {
      await write(database, async (tx) => {
        await enqueue(tx, [post(await headOf(tx))], { promotion, at: iso(clock()) });
      });
      onAdded();
    },
    async next() {
      const soon = iso(new Date(clock().getTime() + lookAgain));
      const unsent = await heads(kysely).execute();
      const alive = await database.alive(kysely);
      const times = unsent.map((row) => dueTime(row, { me: database.replica, alive, soon }));
      const [first] = times.toSorted();
      return first === undefined ? undefined : new Date(first);
    },
    waiting: () => countUnsent(kysely),
  };
}

async function countUnsent(tables: Kysely<Tables>): Promise<number> {
  const { count } = await tables
    .selectFrom('outbox')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('sent_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/** Of each promotion the oldest unsent post; of posts that belong to none, every one. */
function heads(tables: Kysely<Tables>) {
  return tables
    .selectFrom('outbox as post')
    .select(['post.not_before', 'post.claimed_by', 'post.claimed_until'])
    .where('post.sent_at', 'is', null)
    .where((post) =>
      post.not(
        post.exists(
          post
            .selectFrom('outbox as older')
            .select('older.id')
            .whereRef('older.promotion', '=', 'post.promotion')
            .whereRef('older.id', '<', 'post.id')
            .where('older.sent_at', 'is', null),
        ),
      ),
    );
}

async function claim(tx: Tx, database: Database, now: Date): Promise<readonly QueuedPost[]> {
  const me = database.replica;
  const others = (await database.alive(tx)).filter((replica) => replica !== me);
  const rows = await heads(tx)
    .leftJoin('promotion', 'promotion.id', 'post.promotion')
    .select(['post.id', 'post.promotion', 'post.body', 'post.attempts', 'post.key', 'post.slot'])
    .select(['promotion.card_channel', 'promotion.card_ts'])
    .where('post.not_before', '<=', iso(now))
    .where((post) =>
      post.or([
        post('post.claimed_by', 'is', null),
        post('post.claimed_by', 'not in', [me, ...others]),
        post('post.claimed_by', '=', me).and('post.claimed_until', '<=', iso(now)),
      ]),
    )
    .orderBy('post.not_before')
    .orderBy('post.id')
    .limit(batch)
    .execute();
  if (rows.length === 0) return [];
  await tx
    .updateTable('outbox')
    .set(({ eb }) => ({
      attempts: eb('attempts', '+', 1),
      claimed_by: me,
      claimed_until: iso(new Date(now.getTime() + claimTime)),
    }))
    .where(
      'id',
      'in',
      rows.map(({ id }) => id),
    )
    .execute();
  const posts: QueuedPost[] = [];
  // One after the other: a transaction is one connection, which takes one question at a time.
  for (const { id, promotion, body, attempts, key, slot, card_channel, card_ts } of rows) {
    posts.push({
      id,
      promotion: promotion ?? undefined,
      post: JSON.parse(body ?? 'null') as Post,
      attempts,
      key,
      card: placeOf(card_channel, card_ts),
      slot: await slotPlace(tx, promotion, slot),
    });
  }
  return posts;
}

async function slotPlace(
  tx: Tx,
  promotion: string | null,
  slot: string | null,
): Promise<CardPlace | undefined> {
  if (promotion === null || slot === null) return undefined;
  const row = await tx
    .selectFrom('outbox')
    .select(['channel', 'ts'])
    .where('promotion', '=', promotion)
    .where('slot', '=', slot)
    .where('sent_at', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && placeOf(row.channel, row.ts);
}

async function markSent(
  tx: Tx,
  { id, place, at }: { readonly id: number; readonly place: CardPlace; readonly at: string },
): Promise<void> {
  const row = await tx
    .updateTable('outbox')
    .set({ sent_at: at, channel: place.channel, ts: place.ts, body: null })
    .where('id', '=', id)
    .where('sent_at', 'is', null)
    .returning(['promotion', 'kind'])
    .executeTakeFirst();
  if (row?.kind !== 'card' || row.promotion === null) return;
  await tx
    .updateTable('promotion')
    .set({ card_channel: place.channel, card_ts: place.ts })
    .where('id', '=', row.promotion)
    .execute();
}

function dueTime(
  row: Pick<OutboxRow, 'not_before' | 'claimed_by' | 'claimed_until'>,
  { me, alive, soon }: { me: number; alive: readonly number[]; soon: string },
): string {
  if (row.claimed_by === null) return row.not_before;
  const free = row.claimed_by === me ? row.claimed_until : alive.includes(row.claimed_by) && soon;
  return free && free > row.not_before ? free : row.not_before;
}

function iso(date: Date): string {
  return date.toISOString();
}
