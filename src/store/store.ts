import type { Store } from '../ports.ts';
import { write, type Database } from './database.ts';
import { ledgerOf } from './ledger.ts';
import { eventsOf } from './log.ts';
import { expectSchema, migrate } from './migrate.ts';
import { outboxOf } from './outbox.ts';
import { cardOf, getPromotion, listPromotions } from './promotions.ts';
import { recordChange, recordNote } from './record.ts';
import { openSqlite } from './sqlite.ts';

export interface StoreOptions {
  readonly now: () => Date;
  /** `read` runs beside the bot, writes nothing and migrates nothing. */
  readonly access?: 'read' | 'write' | undefined;
}

/**
 * Opens the database and brings it to this program's schema. `url` is `sqlite:<file>` or `postgres://…`.
 * Throws a PromotionError: `database-unopened`, `database-in-use`, `database-newer`; for readers also
 * `database-empty` and `database-older`. Every method of the store throws `database-failed` where the database fails.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const access = options.access ?? 'write';
  const database = openSqlite(url.slice('sqlite:'.length), access);
  try {
    await (access === 'read' ? expectSchema(database) : migrate(database));
    return storeOn(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** The store on a database that is open and has its schema. Closes it with itself. */
export function storeOn(database: Database, { now }: StoreOptions): Store {
  const { kysely } = database;
  const listeners = new Set<() => void>();
  // A listener that throws must not make a change that was committed look as if it had failed.
  const tell = () => listeners.forEach((listener) => queueMicrotask(listener));
  const unsubscribe = database.onAnnounced(tell);

  const recorded = async <T extends { readonly outcome: string }>(
    work: (at: string) => Parameters<typeof write<T>>[1],
  ): Promise<T> => {
    const result = await write(database, async (tx) => {
      const done = await work(now().toISOString())(tx);
      if (done.outcome === 'changed' || done.outcome === 'noted') await database.announce(tx);
      return done;
    });
    if (result.outcome === 'changed' || result.outcome === 'noted') tell();
    return result;
  };
  return {
    create: (change) => recorded((at) => (tx) => recordChange(tx, change, at)),
    change: (change) => recorded((at) => (tx) => recordChange(tx, change, at)),
    note: (note) => recorded((at) => (tx) => recordNote(tx, note, at)),
    get: (id) => getPromotion(kysely, id),
    list: (filter) => listPromotions(kysely, filter),
    hold: (id, work) => database.hold(id, work),
    card: (id) => cardOf(kysely, id),
    events: (filter) => eventsOf(kysely, filter?.promotion),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    outbox: outboxOf(database, now, tell),
    ledger: ledgerOf(kysely, now),
    close: async () => {
      unsubscribe();
      await database.close();
    },
  };
}
