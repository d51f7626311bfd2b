import { setImmediate } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { chain, genesis, type Happened } from '../domain/audit.ts';
import { signingBegan } from '../domain/audit-signatures.ts';
import type { AuditKeys } from '../domain/audit-keys.ts';
import { canonical } from '../domain/canonical.ts';
import { fail } from '../domain/errors.ts';
import type { Store } from '../store-port.ts';
import type { Anchor } from '../domain/post.ts';
import type { ChainedEvent } from '../domain/event.ts';
import type { WritingKeys } from './audit-key.ts';
import type { Tx } from './database.ts';
import type { EventRow, Tables } from './schema.ts';

/** Rows read at once: the log may be longer than the memory. */
const page = 500;

/** How events are added to the log; a `seq` of its own leaves a gap. */
export type Append = (tx: Tx, event: Happened, seq?: number) => Promise<ChainedEvent>;

/**
 * Adds events at the end of the chain, signed. Only within a serialised transaction: two at once would fork it. What it
 * signs vouches for everything before it, so it signs nothing behind an event that is not signed: throws `log-unsigned`.
 */
export function createAppend(keys: WritingKeys): Append {
  let known = '';
  return async (tx, event, seq) => {
    const head = await signedHeadOf(tx);
    if (head && head.hash !== known && !keys.isSigned(head))
      fail('log-unsigned', { event: String(head.seq) });
    const chained = await insert(tx, chain(event, head ?? genesis, seq), keys);
    // What comes of the transaction is open; that we signed it is not.
    known = chained.hash;
    return chained;
  };
}

async function insert(
  tx: Tx,
  chained: ChainedEvent,
  { signer }: WritingKeys,
): Promise<ChainedEvent> {
  const signature = signer.sign(chained.hash);
  await tx
    .insertInto('event')
    .values({
      ...chained,
      promotion: chained.promotion ?? null,
      data: canonical(chained.data),
      signature,
    })
    .execute();
  return { ...chained, signature };
}

/**
 * Before anything is written: throws where the log’s end is not signed with a known key. In a log of which nothing is
 * signed yet, signing begins.
 */
export async function beginSigning(tx: Tx, keys: WritingKeys, at: string): Promise<void> {
  const head = await signedHeadOf(tx);
  if (!head || keys.isSigned(head)) return;
  if (head.signature !== null) fail('audit-key-other', { event: String(head.seq) });
  const signed = await tx
    .selectFrom('event')
    .select('seq')
    .where('signature', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  if (signed) fail('log-unsigned', { event: String(head.seq) });
  const { seq, hash } = head;
  const data = { seq, hash };
  const event = { kind: signingBegan, actor: 'bot', promotion: undefined, data, at };
  await insert(tx, chain(event, head), keys);
}

/** Throws `log-unsigned` where somebody else wrote the log’s end. */
export async function expectSigned(tx: Tx, keys: AuditKeys): Promise<void> {
  const head = await signedHeadOf(tx);
  if (head && !keys.isSigned(head)) fail('log-unsigned', { event: String(head.seq) });
}

async function signedHeadOf(tables: Kysely<Tables>) {
  return await tables
    .selectFrom('event')
    .select(['seq', 'hash', 'signature'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
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
  { promotion, kinds, since }: NonNullable<Parameters<Store['events']>[0]> = {},
): AsyncGenerator<ChainedEvent> {
  let after = since === undefined ? undefined : since - 1;
  for (;;) {
    let query = tables.selectFrom('event').selectAll().orderBy('seq').limit(page);
    if (after !== undefined) query = query.where('seq', '>', after);
    if (promotion !== undefined) query = query.where('promotion', '=', promotion);
    if (kinds !== undefined) query = query.where('kind', 'in', kinds);
    const rows = await query.execute();
    for (const row of rows) yield eventFrom(row);
    after = rows.at(-1)?.seq ?? after;
    if (rows.length < page) return;
    // Who verifies a long log must not keep everybody else waiting: SQLite answers without ever letting go.
    await setImmediate();
  }
}

function eventFrom({ data, promotion, signature, ...row }: EventRow): ChainedEvent {
  return {
    ...row,
    promotion: promotion ?? undefined,
    data: dataFrom(data),
    signature: signature ?? undefined,
  };
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
