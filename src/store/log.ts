import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { chain, genesis, type Happened } from '../audit.ts';
import { canonical } from '../canonical.ts';
import type { Anchor, ChainedEvent, Store } from '../store-port.ts';
import type { Tx } from './database.ts';
import type { EventRow, Tables } from './schema.ts';

/** Rows read at once: the log may be longer than the memory. */
const page = 500;

/** Adds the event at the end of the chain. Only within a serialised transaction: two at once would fork it. */
export async function append(tx: Tx, event: Happened): Promise<ChainedEvent> {
  const chained = chain(event, await headOf(tx));
  await tx
    .insertInto('event')
    .values({
      ...chained,
      promotion: chained.promotion ?? null,
      data: canonical(chained.data),
    })
    .execute();
  return chained;
}

/** Where the chain ends now. */
export async function headOf(tables: Kysely<Tables>): Promise<Anchor> {
  const row = await tables
    .selectFrom('event')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? genesis;
}

export async function hasEvent(tx: Tx, { seq, hash }: Anchor): Promise<boolean> {
  const row = await tx.selectFrom('event').select('hash').where('seq', '=', seq).executeTakeFirst();
  return row?.hash === hash;
}

/** The log in order, as it stands in the table: nothing is repaired on the way to who verifies it. */
export async function* eventsOf(
  tables: Kysely<Tables>,
  { promotion, kinds }: NonNullable<Parameters<Store['events']>[0]> = {},
): AsyncGenerator<ChainedEvent> {
  let after: number | undefined;
  for (;;) {
    let query = tables.selectFrom('event').selectAll().orderBy('seq').limit(page);
    if (after !== undefined) query = query.where('seq', '>', after);
    if (promotion !== undefined) query = query.where('promotion', '=', promotion);
    if (kinds !== undefined) query = query.where('kind', 'in', kinds);
    const rows = await query.execute();
    for (const row of rows) yield eventFrom(row);
    after = rows.at(-1)?.seq;
    if (rows.length < page) return;
    // Who verifies a long log must not keep everybody else waiting: SQLite answers without ever letting go.
    await setImmediate();
  }
}

function eventFrom({ data, promotion, ...row }: EventRow): ChainedEvent {
  return { ...row, promotion: promotion ?? undefined, data: dataFrom(data) };
}

/** A text that the bot did not write itself is given as it is, so that its hash can't match by chance of parsing. */
function dataFrom(text: string): object {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === 'object' && data !== null && canonical(data) === text) return data;
  } catch {
    // Not JSON at all: somebody else's writing.
  }
  return { notOurs: text };
}
