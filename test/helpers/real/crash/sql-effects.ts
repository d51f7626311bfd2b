import { DatabaseSync, type StatementSync } from 'node:sqlite';
import pg from 'pg';
import type { Pass } from './pass.ts';

/**
 * Every commit, by the audit event that it writes or by the table where it writes none: before it, when the database
 * has everything but keeps nothing yet, and after it, when the bot does not know yet.
 */
export function watchSql(pass: Pass): void {
  watchSqlite(pass);
  watchPostgres(pass);
}

function watchSqlite(pass: Pass): void {
  const prototype = DatabaseSync.prototype as {
    prepare: (this: DatabaseSync, text: string) => StatementSync;
  };
  const { prepare } = prototype;
  const transactions = new WeakMap<DatabaseSync, Transaction>();
  prototype.prepare = function watched(text) {
    const statement = prepare.call(this, text);
    const transaction = transactions.get(this) ?? new Transaction();
    transactions.set(this, transaction);
    for (const how of ['all', 'run'] as const) {
      const real = statement[how].bind(statement) as (...values: unknown[]) => unknown;
      const named = (...values: unknown[]): unknown => {
        const effect = transaction.effectOf(text, values);
        if (effect) pass('before', effect);
        const result = real(...values);
        if (effect) pass('after', effect);
        return result;
      };
      Object.defineProperty(statement, how, { value: named });
    }
    return statement;
  };
}

type Query = (this: pg.Client, ...args: unknown[]) => unknown;

function watchPostgres(pass: Pass): void {
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  const transactions = new WeakMap<pg.Client, Transaction>();
  prototype.query = function watched(...args) {
    const [text, values, callback] = args;
    const transaction = transactions.get(this) ?? new Transaction();
    transactions.set(this, transaction);
    const isPromised = typeof text === 'string' && typeof values !== 'function' && !callback;
    const effect = isPromised
      ? transaction.effectOf(text, Array.isArray(values) ? values : [])
      : undefined;
    if (!effect) return query.apply(this, args);
    pass('before', effect);
    return (query.apply(this, args) as Promise<unknown>).then((result) => {
      pass('after', effect);
      return result;
    });
  };
}

/** What the transaction that is open on a connection has written so far. */
class Transaction {
  #isOpen = false;
  #written: string[] = [];

  /** The name of the effect that this statement has at once, if it has one. */
  effectOf(text: string, values: readonly unknown[]): string | undefined {
    if (/^begin\b/i.test(text)) {
      this.#isOpen = true;
      this.#written = [];
      return undefined;
    }
    if (/^(commit|rollback)\b/i.test(text)) {
      this.#isOpen = false;
      const name = this.#written.find((one) => one.startsWith('event:')) ?? this.#written[0];
      return name && /^commit/i.test(text) ? `store.${name}` : undefined;
    }
    const hold = /pg_(?:try_)?advisory_(lock|unlock)\(/.exec(text)?.[1];
    if (hold) return `store.hold-${hold}`;
    const name = writeOf(text, values);
    if (!name) return undefined;
    if (!this.#isOpen) return `store.${name}`;
    this.#written.push(name);
    return undefined;
  }
}

function writeOf(text: string, values: readonly unknown[]): string | undefined {
  const [, verb, table] = /^(insert into|update|delete from) "(\w+)"/.exec(text) ?? [];
  if (!verb || !table) return undefined;
  if (table === 'event') {
    const columns = /\(([^)]*)\)/.exec(text)?.[1]?.split(', ') ?? [];
    return `event:${String(values[columns.indexOf('"kind"')])}`;
  }
  const first = /\bset "(\w+)"/.exec(text)?.[1];
  return [table, verb.split(' ')[0], first].filter(Boolean).join('-');
}
