import type { Kysely, Transaction } from 'kysely';
import type { Words } from './migrations.ts';
import type { Tables } from './schema.ts';

export type Tx = Transaction<Tables>;

/** What SQLite and PostgreSQL do differently; everything else of the store is one code. */
export interface Database {
  /** For messages: never with a password. */
  readonly name: string;
  readonly kysely: Kysely<Tables>;
  readonly words: Words;
  /** A number for this open store, by which it claims posts. Unique among those that are open. */
  readonly replica: number;
  /** Called first in every writing transaction: lets one write at a time, over all replicas. */
  serialise(tx: Tx): Promise<void>;
  /** The replicas that the database server sees alive. */
  alive(tables: Kysely<Tables>): Promise<readonly number[]>;
  /** Tells the other replicas, when the transaction is committed, that something changed. */
  announce(tx: Tx): Promise<void>;
  /** Calls back when another replica announced something. Returns how to stop that. */
  onAnnounced(listener: () => void): () => void;
  /** Runs `work` while nobody else holds `id`; `undefined` where another does. `signal`: no longer sure to hold it. */
  hold<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>;
  close(): Promise<void>;
}

/** One writing transaction: what `work` wrote stays whole, or, where anything throws, not at all. */
export async function write<T>(database: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return await database.kysely.transaction().execute(async (tx) => {
    await database.serialise(tx);
    return await work(tx);
  });
}
