import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Where the log’s key is kept: in a file beside the database, nowhere, or not here. */
  readonly keyPlace: { readonly file: string } | 'nowhere' | 'elsewhere';
  /** A number for this open store, by which it claims posts. Unique among those that are open. */
  readonly replica: number;
  /** Whether the trouble is only a lost connection: the same may work in a moment. */
  isPassing(trouble: unknown): boolean;
  /** Lets one writing transaction of this process at a time take a connection: the others need none while they wait. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Called first in every writing transaction: lets one write at a time, over all replicas. */
  serialise(tx: Tx): Promise<void>;
  /** The replicas that the database server sees alive. */
  alive(tables: Kysely<Tables>): Promise<readonly number[]>;
  /** Returns a question: whether this replica has been seen alive without a gap from now on. Answered at once. */
  lease(): () => boolean;
  /** Tells the other replicas, when the transaction is committed, that something changed. */
  announce(tx: Tx): Promise<void>;
  /** Calls back when another replica announced something. Returns how to stop that. */
  onAnnounced(listener: () => void): () => void;
  /** Runs `work` while nobody else holds `id`; `undefined` where another does. `signal`: no longer sure to hold it. */
  hold<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>;
  close(): Promise<void>;
}

/** Waits before a transaction whose connection was lost is tried again. */
const waits = [50, 250, 1_000];

/**
 * One writing transaction: what `work` wrote stays whole, or, where anything throws, not at all. Where only the
 * connection was lost it is tried again, so `work` may run more than once. The answer to the commit may be what was
 * lost: `isThere` then looks whether the result was committed; without it the trouble is thrown.
 */
export async function write<T>(
  database: Database,
  work: (tx: Tx) => Promise<T>,
  isThere?: (tx: Tx, result: T) => Promise<boolean>,
): Promise<T> {
  for (const wait of waits) {
    let written: { readonly result: T } | undefined;
    try {
      return await transaction(database, async (tx) => {
        const result = await work(tx);
        written = { result };
        return result;
      });
    } catch (error) {
      if (!database.isPassing(error)) throw error;
      if (written && !isThere) throw error;
    }
    await sleep(wait);
    const { result } = written ?? {};
    if (isThere && result !== undefined) {
      // Waits for the lost transaction's lock: after that it is over, one way or the other.
      if (await transaction(database, (tx) => isThere(tx, result))) return result;
    }
  }
  return await transaction(database, work);
}

async function transaction<T>(database: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return await database.inTurn(() =>
    database.kysely.transaction().execute(async (tx) => {
      await database.serialise(tx);
      return await work(tx);
    }),
  );
}
