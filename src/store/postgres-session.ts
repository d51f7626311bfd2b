import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { Client, type ClientConfig } from 'pg';
import { PromotionError, refuse } from '../domain/errors.ts';
import { postgresTrouble } from './postgres-trouble.ts';

/** First keys of our advisory locks, so that they are nobody else's: “prm” and a number. */
export const locks = { write: 0x70726d01, hold: 0x70726d02, replica: 0x70726d03 } as const;

/** How often the session says that this process is alive, and how long the answer may take. */
const beat = 2_500;
const answer = 4_000;

/**
 * After this silence the server ends the session: longer than {@link beat} and {@link answer} together, so that this
 * process gives up what it holds before another may take it.
 */
const silence = '8s';

/** How long after it was last heard of this process may be sure that it still counts as alive: shorter than {@link silence}. */
const certainty = 7_000;

/** Waits between attempts to connect again; the last one repeats. */
const backOff = [50, 100, 250, 500, 1_000, 2_000];

/**
 * One connection for what lasts longer than a transaction: what this replica holds, that it is alive, and what the
 * others announce. A process that dies loses it at once; one that was stopped, or cut off, when the server has not
 * heard of it for some seconds. No clocks are compared.
 */
export class Session {
  /** Claims are made under this number; the lock on it says that whoever made them is alive. */
  readonly replica = randomInt(1, 2 ** 31);
  readonly #config: ClientConfig;
  readonly #listeners = new Set<() => void>();
  readonly #held = new Set<string>();
  #now: Connected | undefined;
  readonly #closing = new AbortController();

  constructor(config: ClientConfig) {
    this.#config = { ...config, query_timeout: answer };
  }

  /** The first connection; from then on the session keeps itself. */
  async start(): Promise<void> {
    await this.#connect();
  }

  /** Called back for what other replicas announce, and once after each gap in which something may have been missed. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async hold<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const session = this.#now;
    if (!session) throw postgresTrouble(new Error('no session'));
    // The server lets one session take its lock twice: within this process it is ours to see to.
    if (this.#held.has(id)) return undefined;
    this.#held.add(id);
    try {
      if (!(await this.#ask(session, 'pg_try_advisory_lock', id))) return undefined;
      try {
        return await work(session.lost.signal);
      } finally {
        // Where the connection is gone, so is the lock.
        await this.#ask(session, 'pg_advisory_unlock', id).catch(() => {});
      }
    } finally {
      this.#held.delete(id);
    }
  }

  /** Whether the server has counted this process as alive without a gap since now, as far as can be told without asking. */
  lease(): () => boolean {
    const session = this.#now;
    return () =>
      session !== undefined &&
      this.#now === session &&
      performance.now() - session.heard < certainty;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const session = this.#now;
    if (!session) return;
    this.#lose(session, new Error('closed'));
    await session.client.end().catch(() => {});
  }

  async #ask(session: Connected, locking: string, id: string): Promise<boolean> {
    const text = `select ${locking}(${locks.hold}, hashtext($1)) as done`;
    try {
      const { rows } = await session.turn(() =>
        session.client.query<{ done: boolean }>(text, [id]),
      );
      return rows[0]?.done === true;
    } catch (error) {
      // Without an answer the lock may be taken or not: a new session knows again.
      this.#lose(session, error);
      throw postgresTrouble(error);
    }
  }

  async #connect(): Promise<void> {
    const client = new Client(this.#config);
    const lost = new AbortController();
    const session: Connected = { client, lost, turn: pLimit(1), heard: performance.now() };
    const lose = (error?: Error) => this.#lose(session, error ?? new Error('ended'));
    client.on('error', lose);
    client.on('end', lose);
    client.on('notification', ({ payload }) => {
      if (payload !== String(this.replica)) this.#tell();
    });
    try {
      await client.connect();
      await client.query(`set idle_session_timeout = '${silence}'`);
      await client.query(`select pg_advisory_lock(${locks.replica}, ${this.replica})`);
      await client.query('listen promote_image');
      lost.signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
    } catch (error) {
      client.connection.stream.destroy();
      throw error;
    }
    this.#now = session;
    void this.#keepAlive(session);
  }

  async #keepAlive(session: Connected): Promise<void> {
    const { client, lost, turn } = session;
    while (!lost.signal.aborted) {
      try {
        await sleep(beat, undefined, { signal: lost.signal });
        const asked = performance.now();
        await turn(() => client.query('select 1'));
        session.heard = asked;
      } catch (error) {
        this.#lose(session, error);
      }
    }
  }

  #lose(session: Connected, cause: unknown): void {
    const { client, lost } = session;
    if (lost.signal.aborted) return;
    const facts = { problem: 'the connection was lost' };
    lost.abort(new PromotionError(refuse('database-failed', facts), { cause }));
    if (this.#now !== session) return;
    this.#now = undefined;
    if (this.#closing.signal.aborted) return;
    // A server that does not answer would not answer to a farewell either.
    client.connection.stream.destroy();
    void this.#reconnect();
  }

  async #reconnect(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await sleep(backOff[Math.min(attempt, backOff.length - 1)], undefined, { signal });
        await this.#connect();
        this.#tell();
        return;
      } catch {
        // Closed, or not back yet.
      }
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** One life of the connection, and the end of it. */
interface Connected {
  readonly client: Client;
  readonly lost: AbortController;
  /** One question at a time: a client that is asked while it waits for an answer would have to queue them itself. */
  readonly turn: LimitFunction;
  /** When the server was last asked something that it answered. */
  heard: number;
}
