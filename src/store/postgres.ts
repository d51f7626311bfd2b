import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pLimit from 'p-limit';
import { Pool, types, type ClientConfig, type PoolClient } from 'pg';
import { fail, PromotionError, refuse } from '../domain/errors.ts';
import { addressProblem } from './database-url.ts';
import type { Database } from './database.ts';
import { unfitness } from './postgres-fitness.ts';
import { locks, Session } from './postgres-session.ts';
import { isPassing, postgresTrouble } from './postgres-trouble.ts';
import type { Tables } from './schema.ts';

/** A server that restarts is back within seconds: nobody needs to hear of it. */
const patience = [100, 200, 300, 400, 500, 500, 500, 500, 500, 500, 500, 500];

const farewellTime = 2_000;

/** After this the server ends a statement. */
const statementTimeout = '10s';

/**
 * Connects to PostgreSQL 14 or newer. Several replicas may: one writes at a time (an advisory lock that each
 * writing transaction takes), and each has a session by which the server knows that it is alive.
 * Throws `database-unopened`. Pools that share sessions between clients (PgBouncer in transaction mode) won't do.
 */
export async function openPostgres(url: string, access: 'read' | 'write'): Promise<Database> {
  const name = nameOf(url);
  const config = configOf(url, access);
  const pool = new Pool({ ...config, max: 8, idleTimeoutMillis: 30_000 });
  // Without listeners a connection that is lost while nothing waits for it would end the process.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const session = new Session(config);
  try {
    await pool.query('select 1');
    // Who only reads holds nothing and is told nothing.
    if (access === 'write') {
      await assertFit(config);
      await session.start();
    }
  } catch (error) {
    await Promise.all([session.close(), pool.end()]);
    const { problem } = postgresTrouble(error).facts;
    return fail('database-unopened', { database: name, problem: problem ?? '' }, error);
  }
  return assemble(name, pool, session);
}

async function assertFit(config: ClientConfig): Promise<void> {
  const setting = { name: 'statement_timeout', value: statementTimeout };
  const problem = await unfitness(config, setting);
  if (problem !== undefined) fail('database-failed', { problem });
}

function assemble(name: string, pool: Pool, session: Session): Database {
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: adapt(pool) }) });
  const turns = pLimit(1);
  return {
    name,
    kysely,
    words: {
      long: 'bigint',
      strict: '',
      textIn: (column, path) => `${column}::jsonb #>> '{${path.join(',')}}'`,
      appendOnly,
    },
    keyPlace: 'elsewhere',
    replica: session.replica,
    isPassing,
    // One at a time writes anyway. Each that waited with a connection would keep one from those who only read; and
    // who waits for a connection longer than the pool's limit would take a busy server for one that is gone.
    inTurn: (work) => turns(work),
    serialise: async (tx) => {
      await sql`select pg_advisory_xact_lock(${sql.lit(locks.write)}, 0)`.execute(tx);
    },
    alive: async (tables) => {
      const { rows } = await sql<{ replica: number }>`
        select objid::bigint as replica from pg_locks
        where locktype = 'advisory' and classid = ${sql.lit(locks.replica)} and objsubid = 2 and granted
          and database = (select oid from pg_database where datname = current_database())`.execute(
        tables,
      );
      return rows.map(({ replica }) => replica);
    },
    lease: () => session.lease(),
    announce: async (tx) => {
      await sql`select pg_notify('promote_image', ${String(session.replica)})`.execute(tx);
    },
    onAnnounced: (listener) => session.listen(listener),
    hold: (id, work) => session.hold(id, work),
    close: async () => {
      // Where the network swallows the farewell, nobody waits for the answer.
      await Promise.race([farewell(), sleep(farewellTime, undefined, { ref: false })]);
    },
  };

  async function farewell(): Promise<void> {
    await session.close();
    await kysely.destroy();
    if (!pool.ended) await pool.end();
  }
}

/** For messages: the URL without user, password and parameters. */
function nameOf(url: string): string {
  const unread = addressProblem(url);
  if (unread)
    return fail('database-unopened', { database: 'postgres', problem: `its URL ${unread}` });
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

function configOf(url: string, access: 'read' | 'write'): ClientConfig {
  const settings = {
    // A replica that was stopped in the middle of a transaction must not keep the others from writing.
    idle_in_transaction_session_timeout: '5s',
    statement_timeout: statementTimeout,
    synchronous_commit: 'on',
    default_transaction_read_only: access === 'read' ? 'on' : 'off',
    // A machine that vanished is noticed by the server within seconds.
    tcp_keepalives_idle: '5',
    tcp_keepalives_interval: '2',
    tcp_keepalives_count: '3',
  };
  return {
    connectionString: url,
    application_name: 'promote-image',
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    connectionTimeoutMillis: 5_000,
    // Longer than the server's own limit, for a server that no longer says anything.
    query_timeout: 12_000,
    keepAlive: true,
    types: { getTypeParser: (oid, format) => parserOf(oid, format) },
  };
}

/** 64-bit numbers as numbers: the only ones are sizes, far below 2^53. */
function parserOf(oid: number, format: 'text' | 'binary' | undefined) {
  return oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format);
}

/** pg's pool as Kysely takes it, with every error in our words. */
function adapt(pool: Pool): PostgresPool {
  return {
    options: {},
    end: () => pool.end(),
    connect: async () => {
      const client = await connect(pool);
      const query = async (text: string, values: readonly unknown[]) => {
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          throw postgresTrouble(error);
        }
      };
      return {
        // Kysely's other form of it is for cursors, which it is not given.
        query: query as unknown as PostgresPoolClient['query'],
        release: (destroy) => client.release(destroy),
      };
    },
  };
}

async function connect(pool: Pool): Promise<PoolClient> {
  let last: unknown;
  for (const wait of [0, ...patience]) {
    await sleep(wait);
    try {
      return await pool.connect();
    } catch (error) {
      last = error;
      if (pool.ending || !isPassing(postgresTrouble(error))) throw postgresTrouble(error);
    }
  }
  // That was patience enough: who asked need not try again.
  const facts = { problem: 'it cannot be reached' };
  throw new PromotionError(refuse('database-failed', facts), { cause: { cause: last } });
}

const appendOnly = [
  `create function event_is_only_added_to() returns trigger language plpgsql as
   $$ begin raise exception 'the audit log is only added to'; end $$`,
  `create trigger event_no_change before update or delete or truncate on event
   for each statement execute function event_is_only_added_to()`,
];
