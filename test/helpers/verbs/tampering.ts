import { canonical } from '../../../src/domain/canonical.ts';
import { chain, genesis } from '../../../src/domain/audit.ts';
import type { ChainedEvent } from '../../../src/domain/event.ts';

/** SQL as somebody with access to the database would type it; rows as the database gives them. */
export type Sql = (
  text: string,
  ...values: readonly (string | number | null)[]
) => Promise<readonly Readonly<Record<string, string | number | null>>[]>;

export interface Tampering {
  readonly work: (sql: Sql) => Promise<unknown>;
  /** What an operator reads of it. */
  readonly says: RegExp;
}

/** What somebody may do to the log who has the database and has switched its triggers off. */
export const tamperings: Readonly<Record<string, Tampering>> = {
  edit: {
    work: (sql) => sql(`update event set actor = 'U9' where kind = 'approved'`),
    says: /event \d+ was edited: its hash is not that of what it says/,
  },
  delete: {
    work: (sql) => sql(`delete from event where kind = 'approved'`),
    says: /event \d+ is missing: it was deleted/,
  },
  insert: {
    work: async (sql) => {
      const [approved] = await sql(`select seq from event where kind = 'approved'`);
      const log = await eventsOf(sql);
      const at = Number(approved?.['seq']);
      for (const event of log.toReversed()) {
        if (event.seq <= at) break;
        await sql(`update event set seq = ? where seq = ?`, event.seq + 1, event.seq);
      }
      const before = log[at - 1] as ChainedEvent;
      const { kind, actor, data, promotion } = before;
      const more = { kind, actor, data: { ...data, forged: 1 }, promotion, at: before.at };
      const forged = chain(more, before);
      // The table takes no second event after the same one: the next is hung on to the forged one.
      await sql(`update event set previous = ? where seq = ?`, forged.hash, at + 2);
      await write(sql, forged);
    },
    says: /event \d+ was edited: its hash is not that of what it says/,
  },
  swap: {
    work: async (sql) => {
      await sql(`update event set seq = 100000 where seq = 2`);
      await sql(`update event set seq = 2 where seq = 3`);
      await sql(`update event set seq = 3 where seq = 100000`);
    },
    says: /event 2 was edited.*event 3 was edited/,
  },
  'cut tail': {
    work: (sql) => sql(`delete from event where seq > 4`),
    says: /the channel has seen event \d+, but the log ends with 4/,
  },
  rewrite: {
    work: async (sql) => {
      const log = rewritten(await eventsOf(sql));
      await sql(`delete from event`);
      for (const event of log) await write(sql, event);
    },
    says: /is not the one that the channel has seen \([0-9a-f]{16}\): the log was rewritten/,
  },
};

/** The whole log with another approver, chained anew by somebody who knows how. */
export function rewritten(log: readonly ChainedEvent[]): ChainedEvent[] {
  const result: ChainedEvent[] = [];
  for (const { kind, actor, data, promotion, at } of log) {
    const by = kind === 'approved' ? 'U0CAROL01' : actor;
    result.push(chain({ kind, actor: by, data, promotion, at }, result.at(-1) ?? genesis));
  }
  return result;
}

/** The log as it stands in the table. */
export async function eventsOf(sql: Sql): Promise<ChainedEvent[]> {
  const rows = await sql(`select * from event order by seq`);
  return rows.map((row) => ({
    ...(row as unknown as ChainedEvent),
    seq: Number(row['seq']),
    promotion: row['promotion'] === null ? undefined : String(row['promotion']),
    data: JSON.parse(String(row['data'])) as object,
  }));
}

/** Adds an event as it is. */
export async function write(
  sql: Sql,
  { seq, at, promotion, actor, kind, data, ...rest }: ChainedEvent,
): Promise<void> {
  const columns = 'seq, at, promotion, actor, kind, data, previous, hash, signature';
  const values = [seq, at, promotion ?? null, actor, kind, canonical(data), rest.previous];
  const signed = [rest.hash, rest.signature ?? null];
  await sql(
    `insert into event (${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...values,
    ...signed,
  );
}
