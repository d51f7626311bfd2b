import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, errors, type Dispatcher } from 'undici';
import { fail } from '../domain/errors.ts';
import { ForbiddenAddress, urlProblem, vettedLookup, type Reach } from '../net/addresses.ts';
import { retryAfter } from '../net/retry-after.ts';

/** Milliseconds. */
export interface Timeouts {
  /** Until a connection stands, TLS included. */
  readonly connect: number;
  /** Without a byte: before the headers and between two pieces of a body. */
  readonly idle: number;
  /** One small answer in all, its repetitions included. */
  readonly answer: number;
  /** One download in all, its resumptions included. */
  readonly download: number;
  /** The first pause before a request is repeated; the next are longer. */
  readonly pause: number;
  /** The longest pause that a server may ask for. */
  readonly longestPause: number;
}

export const defaultTimeouts: Timeouts = {
  connect: 10_000,
  idle: 30_000,
  answer: 90_000,
  download: 2 * 60 * 60 * 1000,
  pause: 500,
  longestPause: 30_000,
};

/** How often something is asked in a row without getting a byte further. */
export const attempts = 5;

/** Requests without headers of credentials, without cookies, redirects or decoding: those are decided by whoever asks. */
export interface Http {
  readonly timeouts: Timeouts;
  /** Asks Taskcluster itself, whose address is configured. */
  api(url: string, asking: Asking): Promise<Dispatcher.ResponseData>;
  /** Asks an address that Taskcluster named: only a public one, also after DNS. */
  foreign(url: URL, asking: Asking): Promise<Dispatcher.ResponseData>;
}

export interface Asking {
  readonly signal: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes {@link Http}. Loopback may be asked only where `rootUrl` is on loopback itself. */
export function createHttp(reach: Reach, timeouts: Timeouts): Http {
  const limits = { headersTimeout: timeouts.idle, bodyTimeout: timeouts.idle };
  const connect = { timeout: timeouts.connect };
  const api = new Agent({ ...limits, connect });
  const foreign = new Agent({ ...limits, connect: { ...connect, lookup: vettedLookup(reach) } });
  return {
    timeouts,
    api: (url, asking) => get(api, new URL(url), asking),
    foreign: (url, asking) => {
      const problem = urlProblem(url, reach);
      if (problem) return Promise.reject(new ForbiddenAddress(url.host, problem));
      return get(foreign, url, asking);
    },
  };
}

async function get(
  agent: Agent,
  url: URL,
  { signal, headers }: Asking,
): Promise<Dispatcher.ResponseData> {
  const response = await agent.request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { 'accept-encoding': 'identity', 'user-agent': 'promote-image', ...headers },
    signal,
  });
  // A body that is dropped before its end emits an error, which without a listener ends the process.
  response.body.on('error', () => {});
  return response;
}

/** Something that may work the next time. */
export interface Again {
  readonly again: string;
  /** Milliseconds that the server asked to wait. */
  readonly after?: number | undefined;
}

export function isAgain(value: unknown): value is Again {
  return typeof value === 'object' && value !== null && 'again' in value;
}

/**
 * Does it until it gives something else than {@link Again}: a few times, with growing pauses. Broken connections count
 * as `Again`. Throws `taskcluster-unreachable` about `what` when the tries are used up.
 */
export async function repeat<T>(
  { timeouts }: Http,
  asked: { readonly what: string; readonly signal: AbortSignal; readonly tries?: number },
  attempt: () => Promise<T | Again>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const outcome = await attempt().catch((error: unknown) =>
      brokenConnection(error, asked.signal),
    );
    if (!isAgain(outcome)) return outcome;
    if (outcome.after !== undefined && outcome.after > timeouts.longestPause) {
      const seconds = Math.round(outcome.after / 1000);
      fail('taskcluster-unreachable', {
        what: asked.what,
        problem: `${outcome.again}, and it asks to wait ${seconds} s`,
      });
    }
    if (tried >= (asked.tries ?? attempts)) {
      fail('taskcluster-unreachable', { what: asked.what, problem: outcome.again });
    }
    const pause = timeouts.pause * 2 ** (tried - 1) * (0.75 + Math.random() / 2);
    const wait = Math.max(outcome.after ?? 0, Math.min(pause, timeouts.longestPause));
    await sleep(wait, undefined, { signal: asked.signal }).catch(() => {});
    asked.signal.throwIfAborted();
  }
}

/** A broken connection as {@link Again}; everything else, and what the caller aborted, is thrown on. */
export function brokenConnection(error: unknown, signal: AbortSignal): Again {
  signal.throwIfAborted();
  const problem = connectionProblem(error);
  if (problem) return { again: problem };
  throw error;
}

/** What is wrong with a connection, for people; `undefined` where the error is of another kind. */
function connectionProblem(error: unknown): string | undefined {
  if (isStalled(error)) return 'it stopped answering';
  if (error instanceof errors.ConnectTimeoutError) return 'it does not take connections';
  if (error instanceof errors.HTTPParserError) return 'it does not speak HTTP';
  if (error instanceof errors.UndiciError) return 'the connection broke';
  if (error instanceof AggregateError) return connectionProblem(error.errors[0]);
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const code = String(error.code);
  if (/^(E[A-Z]{4,}|CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code)) {
    return code;
  }
  return undefined;
}

export function isStalled(error: unknown): boolean {
  return error instanceof errors.BodyTimeoutError || error instanceof errors.HeadersTimeoutError;
}

/** 429 and 5xx as {@link Again}, with the pause that the server asks for. */
export function busy(
  { statusCode, headers }: Dispatcher.ResponseData,
  now: number,
): Again | undefined {
  if (statusCode !== 429 && (statusCode < 500 || statusCode > 599)) return undefined;
  return { again: `status ${statusCode}`, after: retryAfter(headers['retry-after'], now) };
}

/**
 * Runs `work` with a signal that ends it after `timeouts.answer`; the end is `taskcluster-unreachable` about `what`.
 */
export async function withinTime<T>(
  { timeouts }: Http,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(timeouts.answer);
  try {
    return await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    const problem = `it took longer than ${timeouts.answer / 1000} s`;
    return fail('taskcluster-unreachable', { what, problem });
  }
}

/** The whole body, or `undefined` (and the connection closed) where it is larger than `limit` bytes. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
