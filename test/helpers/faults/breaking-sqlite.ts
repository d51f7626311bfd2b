import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** How the file under a database goes bad; all of it stays so until it is healed, but for `one failure`. */
export type Trouble =
  /** No page more (SQLite's own limit); the statement at hand is the first that needed one. */
  | 'full'
  /** SQLite's own: nothing can be written any more. */
  | 'read-only'
  /** Another program holds the write lock, from the next transaction on. */
  | 'locked'
  /** Every write fails as on a broken disk. */
  | 'disk'
  /** The transaction goes well up to its commit, which fails; from then on as `disk`. */
  | 'commit'
  /** One write fails as on a disk with a loose cable; the next one works. */
  | 'one failure';

export const troubles: readonly Trouble[] = [
  'full',
  'read-only',
  'locked',
  'disk',
  'commit',
  'one failure',
];

/** SQLite's result codes. @see https://sqlite.org/rescode.html */
const codes = { full: 13, disk: 10 } as const;

const watched = new Map<string, BreakingSqlite>();

/**
 * The database file of a bot in this process, which breaks right before a named write and stays broken until it is
 * healed. It stands where a broken disk would stand: below all code of ours, in node:sqlite.
 */
export class BreakingSqlite implements Disposable {
  readonly file: string;
  /** Every write that was begun, in order: an event by its kind, a post, a claim. */
  readonly writes: string[] = [];
  /** How many writes failed. */
  failures = 0;
  #plan: { readonly before: string; readonly trouble: Trouble; left: number } | undefined;
  #trouble: Trouble | undefined;
  #isCommitDoomed = false;
  #shouldLock = false;
  #other: DatabaseSync | undefined;
  readonly #healing: { readonly connection: DatabaseSync; readonly statement: string }[] = [];

  constructor(file: string) {
    this.file = file;
    install();
    watched.set(file, this);
  }

  /** Breaks right before the nth write of that name. */
  breakBefore(before: string, trouble: Trouble, nth = 1): void {
    this.#plan = { before, trouble, left: nth };
  }

  get isBroken(): boolean {
    return this.failures > 0;
  }

  heal(): void {
    this.#plan = undefined;
    this.#trouble = undefined;
    this.#isCommitDoomed = false;
    this.#shouldLock = false;
    if (this.#other?.isOpen) this.#other.close();
    for (const { connection, statement } of this.#healing.splice(0)) {
      if (connection.isOpen) connection.exec(statement);
    }
  }

  [Symbol.dispose](): void {
    this.heal();
    watched.delete(this.file);
  }

  /** What stands against a statement that is about to run: throws as SQLite would. */
  check(connection: DatabaseSync, text: string, values: readonly SQLInputValue[]): void {
    const isWrite = /^(insert|update|delete)/i.test(text);
    if (isWrite) this.#arrive(nameOf(text, values), connection);
    if (/^begin/i.test(text) && this.#shouldLock) this.#lock(connection);
    const fails =
      (isWrite && this.#trouble === 'disk') ||
      (/^commit/i.test(text) && (this.#isCommitDoomed || this.#trouble === 'disk'));
    if (!fails) return;
    if (this.#isCommitDoomed) this.#trouble = 'disk';
    this.#isCommitDoomed = false;
    throw this.#failure('disk');
  }

  /** Takes note of what really failed. */
  failed(error: unknown): void {
    if (error instanceof Error && 'errcode' in error) this.failures += 1;
  }

  #arrive(name: string, connection: DatabaseSync): void {
    this.writes.push(name);
    const plan = this.#plan;
    if (plan?.before !== name || (plan.left -= 1) > 0) return;
    this.#plan = undefined;
    this.#begin(plan.trouble, connection);
  }

  #begin(trouble: Trouble, connection: DatabaseSync): void {
    const { first, later } = ways[trouble];
    if (trouble === 'disk') this.#trouble = trouble;
    if (trouble === 'commit') this.#isCommitDoomed = true;
    if (trouble === 'locked') this.#shouldLock = true;
    for (const [breaks, statement] of later) {
      connection.exec(breaks(connection));
      this.#healing.push({ connection, statement });
    }
    if (first) throw this.#failure(first);
  }

  #lock(connection: DatabaseSync): void {
    this.#shouldLock = false;
    const { timeout } = connection.prepare('pragma busy_timeout').get() ?? {};
    connection.exec('pragma busy_timeout = 20');
    this.#healing.push({ connection, statement: `pragma busy_timeout = ${Number(timeout)}` });
    this.#other = new DatabaseSync(this.file);
    this.#other.exec('begin immediate');
  }

  #failure(kind: keyof typeof codes): Error {
    return Object.assign(new Error(`sqlite: ${kind}`), { errcode: codes[kind] });
  }
}

type Pragma = readonly [breaks: (connection: DatabaseSync) => string, heals: string];

const ways: Readonly<
  Record<Trouble, { readonly first?: keyof typeof codes; readonly later: readonly Pragma[] }>
> = {
  full: {
    first: 'full',
    later: [
      [
        (connection) => {
          const { page_count } = connection.prepare('pragma page_count').get() ?? {};
          return `pragma max_page_count = ${Number(page_count)}`;
        },
        'pragma max_page_count = 1000000',
      ],
    ],
  },
  'read-only': { later: [[() => 'pragma query_only = on', 'pragma query_only = off']] },
  locked: { later: [] },
  disk: { later: [] },
  commit: { later: [] },
  'one failure': { first: 'disk', later: [] },
};

/** A write in the words of the product. */
function nameOf(text: string, values: readonly SQLInputValue[]): string {
  const [, verb, table = ''] = /^(\w+) (?:into |from )?"(\w+)"/.exec(text) ?? [];
  if (table === 'event') return `event ${valueOf('kind', text, values)}`;
  if (table === 'layer') return 'ledger';
  if (table !== 'outbox') return `${verb} ${table}`;
  if (verb === 'insert') return `post ${valueOf('kind', text, values)}`;
  if (text.includes('"sent_at" = ?')) return 'sent';
  return text.includes('"attempts"') ? 'claim' : 'later';
}

function valueOf(column: string, text: string, values: readonly SQLInputValue[]): string {
  const columns = /\(([^)]*)\)/.exec(text)?.[1]?.split(', ') ?? [];
  const value = values[columns.indexOf(`"${column}"`)];
  return typeof value === 'string' ? value : '?';
}

let isInstalled = false;

function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const prepare = Reflect.get(DatabaseSync.prototype, 'prepare') as (
    this: DatabaseSync,
    text: string,
  ) => StatementSync;
  DatabaseSync.prototype.prepare = function guarded(this: DatabaseSync, text: string) {
    const statement = prepare.call(this, text);
    const breaking = watched.get(this.location() ?? '');
    return breaking && /^(insert|update|delete|begin|commit)/i.test(text)
      ? guard(statement, { breaking, connection: this, text })
      : statement;
  };
}

function guard(
  statement: StatementSync,
  given: { breaking: BreakingSqlite; connection: DatabaseSync; text: string },
): StatementSync {
  const { breaking, connection, text } = given;
  for (const name of ['run', 'all'] as const) {
    const real = statement[name].bind(statement) as (...values: SQLInputValue[]) => unknown;
    const checked = (...values: SQLInputValue[]) => {
      try {
        breaking.check(connection, text, values);
        return real(...values);
      } catch (error) {
        breaking.failed(error);
        throw error;
      }
    };
    Object.defineProperty(statement, name, { value: checked });
  }
  return statement;
}
