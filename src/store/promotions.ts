import type { Kysely } from 'kysely';
import { canonical } from '../domain/canonical.ts';
import type { Due, Store } from '../store-port.ts';
import type { CardPlace } from '../domain/post.ts';
import { hasWork, holdsTarget, type Promotion, type State } from '../domain/states.ts';
import type { Tx } from './database.ts';
import type { PromotionRow, Tables } from './schema.ts';

/** Whether the stored promotion still is the one that was read as `from`; for a new one, whether its id is free. */
export async function isCurrent(tx: Tx, id: string, from: Promotion | undefined): Promise<boolean> {
  const row = await tx
    .selectFrom('promotion')
    .select(['version', 'state', 'plan_hash'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!from || !row) return !from && !row;
  return (
    from.id === id &&
    row.version === from.version &&
    row.state === from.state &&
    row.plan_hash === (from.state === 'asked' ? null : (from.planHash ?? null))
  );
}

/** The other promotion that holds the target which `promotion` is about to hold. */
export async function holderOf(tx: Tx, promotion: Promotion): Promise<string | undefined> {
  const target = heldBy(promotion);
  if (target === null) return undefined;
  const row = await tx
    .selectFrom('promotion')
    .select('id')
    .where('holds', '=', target)
    .where('id', '!=', promotion.id)
    .executeTakeFirst();
  return row?.id;
}

/** Writes the value as it is. `began` is the number of the event that it began with; only a new one needs it. */
export async function save(tx: Tx, promotion: Promotion, began: number | undefined): Promise<void> {
  const columns = columnsOf(promotion);
  if (began !== undefined) {
    await tx
      .insertInto('promotion')
      .values({ ...columns, id: promotion.id, began, card_channel: null, card_ts: null })
      .execute();
    return;
  }
  const { numUpdatedRows } = await tx
    .updateTable('promotion')
    .set(columns)
    .where('id', '=', promotion.id)
    .where('version', '=', promotion.version - 1)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw new Error(`${promotion.id} changed within a transaction`);
}

export async function getPromotion(
  tables: Kysely<Tables>,
  id: string,
): Promise<Promotion | undefined> {
  const row = await tables
    .selectFrom('promotion')
    .select('body')
    .where('id', '=', id)
    .executeTakeFirst();
  return row && promotionFrom(row);
}

/** Newest first; 50 unless told. The newest are found in an index, and only their values are read. */
export async function listPromotions(
  tables: Kysely<Tables>,
  { states, image, waitsFor, limit = 50 }: Parameters<Store['list']>[0],
): Promise<readonly Promotion[]> {
  if (states?.length === 0) return [];
  let newest = tables.selectFrom('promotion').select('began').orderBy('began', 'desc').limit(limit);
  if (states) newest = newest.where('state', 'in', states);
  if (image !== undefined) newest = newest.where('image', '=', image);
  if (waitsFor === 'anybody') newest = newest.where('waits_for', 'is not', null);
  else if (waitsFor !== undefined) newest = newest.where('waits_for', '=', waitsFor);
  const rows = await tables
    .selectFrom('promotion')
    .select('body')
    .where('began', 'in', newest)
    .orderBy('began', 'desc')
    .execute();
  return rows.map(promotionFrom);
}

/** Whoever asked for it is told that its target is free: it need not be found any more. */
export async function endWait(tx: Tx, id: string): Promise<void> {
  await tx.updateTable('promotion').set({ waits_for: null }).where('id', '=', id).execute();
}

/** The ids of what has work, and of what waited longer than it may; oldest first, and every one. */
export async function dueIn(tables: Kysely<Tables>, now: Date): Promise<Due> {
  const ids = tables.selectFrom('promotion').select('id').orderBy('began');
  const working = await ids.where('state', 'in', hasWork).execute();
  const overdue = await ids
    .where('state', '=', 'pending')
    .where('expires', '<=', now.toISOString())
    .execute();
  return { working: working.map(({ id }) => id), overdue: overdue.map(({ id }) => id) };
}

/** How many there are in each of these states, of one requester or of all. */
export async function countPromotions(
  tables: Kysely<Tables>,
  states: readonly State[],
  requester?: string,
): Promise<ReadonlyMap<State, number>> {
  let query = tables
    .selectFrom('promotion')
    .select(['state', ({ fn }) => fn.countAll().as('count')])
    .where('state', 'in', states)
    .groupBy('state');
  if (requester !== undefined) query = query.where('requester', '=', requester);
  const rows = await query.execute();
  return new Map(rows.map(({ state, count }) => [state, Number(count)]));
}

export async function cardOf(tables: Kysely<Tables>, id: string): Promise<CardPlace | undefined> {
  const row = await tables
    .selectFrom('promotion')
    .select(['card_channel', 'card_ts'])
    .where('id', '=', id)
    .executeTakeFirst();
  return row && placeOf(row.card_channel, row.card_ts);
}

/** A message's place, where there is one: what only one person saw, or Slack never took, has no time stamp. */
export function placeOf(channel: string | null, ts: string | null): CardPlace | undefined {
  return channel && ts ? { channel, ts } : undefined;
}

function columnsOf(
  promotion: Promotion,
): Omit<PromotionRow, 'id' | 'began' | 'card_channel' | 'card_ts'> {
  const planned = promotion.state === 'asked' ? undefined : promotion;
  return {
    version: promotion.version,
    state: promotion.state,
    image: promotion.ask.image,
    target: targetOf(promotion),
    holds: heldBy(promotion),
    plan_hash: planned?.planHash ?? null,
    requester: promotion.requester,
    asked_at: promotion.askedAt,
    expires: planned?.expires ?? null,
    waits_for: waitsFor(promotion),
    body: canonical(promotion),
  };
}

function waitsFor(promotion: Promotion): string | null {
  if (promotion.state !== 'refused' || promotion.refusal.reason !== 'target-busy') return null;
  return promotion.refusal.facts['holder'] ?? null;
}

function heldBy(promotion: Promotion): string | null {
  return holdsTarget.includes(promotion.state) ? targetOf(promotion) : null;
}

function targetOf(promotion: Promotion): string | null {
  const plan = promotion.state === 'asked' ? undefined : promotion.plan;
  return plan ? `${plan.target.name}:${plan.target.tag}` : null;
}

/** The table's own words are trusted here: what they allow is proven again before every effect. */
function promotionFrom({ body }: Pick<PromotionRow, 'body'>): Promotion {
  return JSON.parse(body) as Promotion;
}
