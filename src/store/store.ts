import { randomUUID } from 'node:crypto';
import type { AuditKeys } from '../domain/audit-keys.ts';
import type { Secret } from '../domain/secret.ts';
import type { Created, Store } from '../store-port.ts';
import { fail } from '../domain/errors.ts';
import { canWrite, findKeys } from './audit-key.ts';
import { write, type Database, type Tx } from './database.ts';
import { ledgerOf } from './ledger.ts';
import {
  beginSigning,
  createAppend,
  eventsOf,
  expectSigned,
  hasEvent,
  headOf,
  type Append,
} from './log.ts';
import { expectSchema, migrate } from './migrate.ts';
import { outboxOf } from './outbox.ts';
import { cardOf, countPromotions, dueIn, getPromotion, listPromotions } from './promotions.ts';
import { recordChange, recordCreation, recordNote, type Noted, type Recording } from './record.ts';
import { recordRestore, unknownIn } from './restore.ts';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

export interface StoreOptions {
  readonly now: () => Date;
  /** `read` runs beside the bot, writes nothing and migrates nothing. */
  readonly access?: 'read' | 'write' | undefined;
  /** `AUDIT_KEY`. Without it an SQLite database has its own in a file beside it. */
  readonly key?: Secret | undefined;
}

/**
 * Opens the database and brings it to this program's schema. `url` is `sqlite:<file>` or `postgres://…`.
 * Throws a PromotionError: `database-unopened`, `database-in-use`, `database-newer`; for readers also
 * `database-empty` and `database-older`; `audit-key-missing`, `audit-key-unusable`, `audit-key-other` and `log-unsigned`
 * where the log can't be signed. Every method of the store throws `database-failed` where the database fails.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const access = options.access ?? 'write';
  const database = await openDatabase(url, access);
  try {
    await (access === 'read' ? expectSchema(database) : migrate(database));
    const keys = await findKeys(database, { access, given: options.key });
    if (access === 'write' && canWrite(keys)) {
      await write(database, (tx) => beginSigning(tx, keys, options.now().toISOString()));
    }
    return storeOn(database, { ...options, keys });
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openDatabase(url: string, access: 'read' | 'write'): Promise<Database> {
  const [, file] = /^sqlite:(.+)$/.exec(url) ?? [];
  return file === undefined ? await openPostgres(url, access) : openSqlite(file, access);
}

/** The store on a database that is open and has its schema. Closes it with itself. */
export function storeOn(
  database: Database,
  { now, keys }: { readonly now: () => Date; readonly keys: AuditKeys | undefined },
): Store {
  const { kysely } = database;
  const append = canWrite(keys) ? createAppend(keys) : unable;
  const listeners = new Set<() => void>();
  // A listener that throws must not make a change that was committed look as if it had failed.
  const tell = () => listeners.forEach((listener) => queueMicrotask(listener));
  const unsubscribe = database.onAnnounced(tell);

  const recorded = async <T extends Recorded>(work: (recording: Recording) => Promise<T>) => {
    const record = async (tx: Tx) => {
      const result = await work({ tx, append, at: now().toISOString() });
      if ('anchor' in result) await database.announce(tx);
      return result;
    };
    const result = await write(database, record, isThere);
    if ('anchor' in result) tell();
    return result;
  };
  return {
    create: (change) => recorded((recording) => recordCreation(recording, change)),
    change: (change) => recorded((recording) => recordChange(recording, change)),
    note: (note) => recorded((recording) => recordNote(recording, note)),
    get: (id) => getPromotion(kysely, id),
    list: (filter) => listPromotions(kysely, filter),
    due: (now) => dueIn(kysely, now),
    count: (states) => countPromotions(kysely, states),
    hold: (id, work) => database.hold(id, work),
    card: (id) => cardOf(kysely, id),
    ...logOf(kysely, keys),
    acceptRestore: async (restore) => {
      await recorded((recording) => recordRestore(recording, restore));
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    probe: () =>
      write(database, async (tx) => {
        if (keys) await expectSigned(tx, keys);
        await leaveNothing(tx, now().toISOString());
      }),
    outbox: outboxOf(database, now, tell),
    ledger: ledgerOf(kysely, { clock: now, signer: keys?.signer }),
    close: async () => {
      unsubscribe();
      await database.close();
    },
  };
}

function logOf(
  kysely: Database['kysely'],
  keys: AuditKeys | undefined,
): Pick<Store, 'events' | 'keys' | 'head' | 'unknown'> {
  return {
    events: (filter) => eventsOf(kysely, filter),
    keys,
    head: () => headOf(kysely),
    unknown: (anchors) => unknownIn(kysely, keys, anchors),
  };
}

type Recorded = Created | Noted;

/** Who only reads has a database that takes nothing anyway. */
const unable: Append = async () => fail('database-failed', { problem: 'it is read-only' });

/** About what a change needs: a database with no room for it would not take one either. */
const room = 8 * 1024;

async function leaveNothing(tx: Tx, at: string): Promise<void> {
  const key = `probe:${randomUUID()}`;
  await tx
    .insertInto('inbox')
    .values({ key, at: at.padEnd(room) })
    .execute();
  await tx.deleteFrom('inbox').where('key', '=', key).execute();
}

/** What has no event wrote nothing: it may be looked up again. */
async function isThere(tx: Tx, result: Recorded): Promise<boolean> {
  return 'anchor' in result && (await hasEvent(tx, result.anchor));
}
