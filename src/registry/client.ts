import { fail, PromotionError, refuse } from '../domain/errors.ts';
import type { Bytes } from '../ports.ts';
import type { Credentials } from '../domain/secret.ts';
import { Access, type Scope } from './access.ts';
import { standing, targetProblem } from './hosts.ts';
import { isSuccess, type Http, type HttpAnswer, type HttpRequest } from './http.ts';
import type { Pace } from './retry.ts';
import { quoted, readSaid } from './said.ts';
import { meaningOf, verdict } from './verdict.ts';

/** One question to the registry. */
export interface Ask {
  /** What it is for, as a noun: `the upload of layer 3`. */
  readonly what: string;
  readonly method: HttpRequest['method'];
  /** A path on the registry, or where it pointed us. */
  readonly at: string | URL;
  readonly scope: Scope;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | (() => Bytes) | undefined;
  /** Bytes of the body, where it takes longer than an answer may. */
  readonly size?: number | undefined;
  /** Statuses that are answers, `success` for each that says so; every other one is thrown. */
  readonly expect: readonly (number | 'success')[];
}

/** A small answer, read whole. */
export type Answer = HttpAnswer & { readonly bytes: Buffer };

export interface ClientOptions {
  readonly http: Http;
  readonly pace: Pace;
  readonly credentials?: Credentials | undefined;
  /** `name:tag`, for whoever reads why something was refused. */
  readonly subject: string;
  readonly signal: AbortSignal;
  /** The repository that is pushed to: one token for all that is asked of it. */
  readonly pushesTo?: string | undefined;
}

const redirects = [301, 302, 303, 307, 308];

/** Talks to one registry for one errand, as one account or as nobody. */
export class Client {
  readonly http: Http;
  readonly pace: Pace;
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly #access: Access;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions, access?: Access) {
    this.#options = options;
    this.http = options.http;
    this.pace = options.pace;
    this.subject = options.subject;
    this.signal = options.signal;
    this.#access = access ?? new Access({ ...options, credentials: options.credentials });
  }

  /** What to ask for where a repository is only read. */
  reading(name: string): Scope {
    return { name, actions: name === this.#options.pushesTo ? 'pull,push' : 'pull' };
  }

  /** The same client, with the same tokens, for what has another end. */
  until(signal: AbortSignal): Client {
    return new Client({ ...this.#options, signal }, this.#access);
  }

  /** Asks until there is an answer; only for what may be asked twice. Throws a PromotionError. */
  async call(ask: Ask): Promise<Answer> {
    return await this.pace.persist(() => this.attempt(ask), this.signal);
  }

  /** Asks once. Throws a Transient where the next try may go better, else a PromotionError. */
  async attempt(ask: Ask): Promise<Answer> {
    return await this.#ask(ask, (request) => this.http.exchange(request));
  }

  /** As {@link attempt}, for a body that takes its time, in either direction. */
  async open(ask: Ask): Promise<HttpAnswer> {
    return await this.#ask(ask, (request) => this.http.open(request));
  }

  /** Where a `Location` points, from what was asked. Throws `registry-foreign-host` where it must not lead. */
  locate(location: string | undefined, asked: { readonly from: URL; readonly what: string }): URL {
    const { from, what } = asked;
    if (location === undefined || !URL.canParse(location, from.href)) {
      fail('registry-nonsense', { what, problem: 'it has no usable Location' });
    }
    const url = new URL(location, from);
    const problem = targetProblem(this.http, url);
    if (problem) fail('registry-foreign-host', { what, host: url.host });
    return url;
  }

  /** The URL of what is asked for. */
  url(at: string | URL): URL {
    return typeof at === 'string' ? new URL(at, this.http.registry) : at;
  }

  async #ask<A extends HttpAnswer>(
    ask: Ask,
    send: (request: HttpRequest) => Promise<A>,
  ): Promise<A> {
    const { what, method, expect } = ask;
    let url = this.url(ask.at);
    for (let hops = 0; ; hops += 1) {
      const answer = await this.#authorized({ ...ask, at: url }, send);
      const { status } = answer;
      if (expect.includes(status) || (expect.includes('success') && isSuccess(status))) {
        return answer;
      }
      const bytes = answer.bytes ?? (await this.http.rest(answer));
      const mayFollow = method === 'GET' || method === 'HEAD';
      if (!mayFollow || !redirects.includes(status)) {
        throw await this.failure({ ...answer, bytes }, ask);
      }
      if (hops === 5) fail('registry-nonsense', { what, problem: 'it redirects without end' });
      url = this.locate(answer.header('location'), { from: url, what });
    }
  }

  /** The password and its tokens go to the registry's own host and to no other. */
  async #authorized<A extends HttpAnswer>(
    ask: Ask & { readonly at: URL },
    send: (request: HttpRequest) => Promise<A>,
  ): Promise<A> {
    const { what, method, at: url, scope, headers, body, size } = ask;
    const isOwn = standing(this.http, url) === 'own';
    for (let renewed = false; ; renewed = true) {
      const authorization = isOwn ? await this.#access.header(scope) : undefined;
      const answer = await send({
        what,
        method,
        url,
        headers: authorization === undefined ? { ...headers } : { ...headers, authorization },
        body,
        size,
        signal: this.signal,
      });
      if (answer.status !== 401 || !isOwn || renewed) return answer;
      this.#access.refused(authorization, answer);
      await answer.body.dump();
    }
  }

  /** Whether what we may do is decided by tokens, each for the rights that it was asked for. */
  get usesTokens(): boolean {
    return this.#access.usesTokens;
  }

  /** The registry's own words in an answer, as they stand behind its status. */
  quote({ bytes }: Answer): string {
    return quoted(readSaid(bytes, this.#access.mayShow));
  }

  /** What an answer that was not expected means. */
  async failure(answer: Answer, { what, method }: Pick<Ask, 'what' | 'method'>): Promise<Error> {
    const { status } = answer;
    const { subject, pace } = this;
    const said = readSaid(answer.bytes, this.#access.mayShow);
    const asked = { what, method, subject, said, pace };
    if (status !== 401 && status !== 403) return verdict(answer, asked);
    const known = meaningOf(status, asked);
    if (known) return new PromotionError(known);
    const reason = await this.#access.denial(status);
    const facts = { target: subject, status: String(status), said: quoted(said) };
    return new PromotionError(refuse(reason, facts));
  }
}
