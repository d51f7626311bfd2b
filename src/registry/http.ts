import { addAbortListener } from 'node:events';
import { Readable } from 'node:stream';
import { Agent } from 'undici';
import { interruption, fail, PromotionError, refuse } from '../domain/errors.ts';
import type { Bytes } from '../ports.ts';
import { ForbiddenAddress, vettedLookup } from '../net/addresses.ts';
import { reachOf, standing } from './hosts.ts';
import { Transient } from './retry.ts';
import type { RegistryOptions, Timing } from './timing.ts';

/** One HTTP request, tried once. */
export interface HttpRequest {
  /** What it is for, as a noun: `the upload of layer 3`. */
  readonly what: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | (() => Bytes) | undefined;
  /** Bytes of the body, where sending them takes longer than an answer may. */
  readonly size?: number | undefined;
  readonly signal: AbortSignal;
}

/** Registries differ in which of them they use for what was done. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name; the first where a header came twice. */
  header(name: string): string | undefined;
  /** All that a header says, in every line of it that came. */
  lines(name: string): readonly string[];
  /** Must be read or dumped; {@link Http.translate} tells what its errors mean. */
  readonly body: Readable & { dump(): Promise<void> };
  /** The body, where it was read whole. */
  readonly bytes?: Buffer | undefined;
}

/**
 * What a header says of which there can be one: proxies repeat it, as a line or in a list. Several that differ are given
 * as the list they are, which is no sound value of any.
 */
export function single(answer: HttpAnswer, name: string): string | undefined {
  const all = new Set(answer.lines(name).flatMap((line) => line.split(/\s*,\s*/)));
  return all.size === 0 ? undefined : [...all].join(', ');
}

/** Manifests, configs and token answers are smaller: a manifest of 4 MiB is the largest that registries must take. */
const answerLimit = 4 * 1024 * 1024;

/** Of an answer that is only told of. */
const enoughToTell = 16 * 1024;

/** Bytes a millisecond: what is sent slower than this will not end in our time. */
const slowest = 32;

/** The connections to one registry, and to where it points. */
export class Http {
  readonly registry: URL;
  /** As the policy names it. */
  readonly tokenService: URL | undefined;
  readonly #timing: Timing;
  readonly #own: Agent;
  readonly #foreign: Agent;

  constructor({ url, tokenService }: RegistryOptions, timing: Timing) {
    const registry = new URL(url);
    this.registry = registry;
    this.tokenService = tokenService === undefined ? undefined : new URL(tokenService);
    this.#timing = timing;
    const options = {
      connections: 8,
      allowH2: false,
      headersTimeout: timing.idle,
      bodyTimeout: timing.idle,
      maxHeaderSize: 64 * 1024,
    };
    const timeout = Math.min(timing.idle, 10_000);
    this.#own = new Agent({ ...options, connect: { timeout } });
    const lookup = vettedLookup(reachOf(registry));
    this.#foreign = new Agent({ ...options, connect: { timeout, lookup } });
  }

  /**
   * Asks and reads the whole answer, within the time that a small answer may take.
   * Throws a Transient where the network failed, a PromotionError where trying again is no use.
   */
  async exchange(
    request: HttpRequest,
    limit = answerLimit,
  ): Promise<HttpAnswer & { bytes: Buffer }> {
    const { signal, what } = request;
    if (signal.aborted) throw interruption(signal);
    const stop = new AbortController();
    using _ = addAbortListener(signal, () => stop.abort());
    const deadline = this.#timing.answer + (request.size ?? 0) / slowest;
    const timer = setTimeout(() => stop.abort(), deadline);
    try {
      const answer = await this.#dispatch({ ...request, signal: stop.signal });
      return { ...answer, bytes: await readAll(answer, limit, what) };
    } catch (error) {
      throw this.translate(error, { what, signal });
    } finally {
      clearTimeout(timer);
    }
  }

  /** What there is of an answer that is only told of: its first bytes, in the time of a small answer. Never fails. */
  async rest({ body }: HttpAnswer): Promise<Buffer> {
    const parts: Buffer[] = [];
    const timer = setTimeout(() => body.destroy(), this.#timing.answer);
    let size = 0;
    try {
      for await (const part of body as AsyncIterable<Buffer>) {
        parts.push(part);
        size += part.length;
        if (size >= enoughToTell) break;
      }
    } catch {
      // Whatever came is told.
    } finally {
      clearTimeout(timer);
    }
    return Buffer.concat(parts).subarray(0, enoughToTell);
  }

  /** Asks and hands out the body as it comes, however long it takes; only standing still is limited. */
  async open(request: HttpRequest): Promise<HttpAnswer> {
    if (request.signal.aborted) throw interruption(request.signal);
    try {
      return await this.#dispatch(request);
    } catch (error) {
      throw this.translate(error, request);
    }
  }

  async #dispatch({ method, url, headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
    const isForeign = standing(this, url) === 'foreign';
    const answer = await (isForeign ? this.#foreign : this.#own).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { 'user-agent': 'promote-image', ...headers },
      body:
        typeof body === 'function' ? Readable.from(body(), { objectMode: false }) : (body ?? null),
      signal,
    });
    const lines = (name: string): readonly string[] =>
      [answer.headers[name]].flat().filter((line) => line !== undefined);
    const header = (name: string): string | undefined => lines(name)[0];
    return { status: answer.statusCode, header, lines, body: answer.body };
  }

  /**
   * What an error of the network is to a promotion. The client's own error is dropped: it may know the request, and
   * the request knows the password.
   */
  translate(error: unknown, asked: { readonly what: string; readonly signal: AbortSignal }): Error {
    const { what, signal } = asked;
    if (signal.aborted) return interruption(signal);
    if (error instanceof PromotionError || error instanceof Transient) return error;
    if (error instanceof ForbiddenAddress) {
      return new PromotionError(refuse('registry-foreign-host', { what, host: error.hostname }));
    }
    const problem = this.#problem(codeOf(error));
    const refusal = refuse('registry-unreachable', { what, problem });
    return problem.startsWith('TLS') ? new PromotionError(refusal) : new Transient(refusal);
  }

  #problem(code: string): string {
    const seconds = this.#timing.idle / 1000;
    if (/HEADERS_TIMEOUT|BODY_TIMEOUT/.test(code)) return `nothing came for ${seconds} s`;
    if (/ABORT/.test(code)) return `it took too long`;
    if (/CONNECT_TIMEOUT|ETIMEDOUT/.test(code)) return 'no connection could be made in time';
    if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) return `TLS: ${code}`;
    if (code === 'ECONNREFUSED') return 'the connection was refused';
    if (/ENOTFOUND|EAI_AGAIN/.test(code)) return 'its name has no address';
    if (/UND_ERR_SOCKET|ECONNRESET|EPIPE/.test(code)) return 'the connection broke';
    return `the connection failed (${code})`;
  }

  async close(): Promise<void> {
    await Promise.all([this.#own.destroy(), this.#foreign.destroy()]);
  }
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const code = 'code' in error ? error.code : undefined;
  // A number is a DOMException's: the abort of our own deadline.
  if (typeof code === 'number') return 'ABORT';
  return typeof code === 'string' && /^[A-Z_0-9]+$/.test(code) ? code : 'unknown';
}

/** Reads a body to its end. Throws `registry-nonsense` where it is larger than `limit` bytes. */
async function readAll(answer: HttpAnswer, limit: number, what: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer.body as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit)
      fail('registry-nonsense', { what, problem: `it is larger than ${limit} bytes` });
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
