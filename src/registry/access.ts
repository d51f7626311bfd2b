import { z } from 'zod';
import { fail, PromotionError, refuse } from '../errors.ts';
import { retryAfter } from '../net/retry-after.ts';
import type { Credentials } from '../secret.ts';
import { parseChallenge, type Challenge } from './challenge.ts';
import { mayAskForToken } from './hosts.ts';
import type { Http, HttpAnswer } from './http.ts';
import { Transient, type Pace } from './retry.ts';

/** What a request needs: pull or push on one repository, and pull on those that blobs are mounted from. */
export interface Scope {
  readonly name: string;
  readonly actions: 'pull' | 'pull,push';
  readonly from?: string | undefined;
}

export interface AccessOptions {
  readonly http: Http;
  readonly pace: Pace;
  readonly credentials: Credentials | undefined;
  /** `name:tag`, for whoever reads why it was refused. */
  readonly subject: string;
  readonly signal: AbortSignal;
}

/** @see https://distribution.github.io/distribution/spec/auth/token/#token-response-fields */
const tokenAnswer = z.object({
  token: z.string().optional(),
  access_token: z.string().optional(),
  expires_in: z.number().min(1).max(86_400).default(60),
});

interface Token {
  readonly header: string;
  /** From then on another one is fetched, before this one ends. */
  readonly staleAt: number;
}

type Denial = 'registry-credentials' | 'registry-denied' | 'registry-private';

/** Finds out what a registry asks for, and gives it: nothing, the password, or tokens that are renewed in time. */
export class Access {
  readonly #options: AccessOptions;
  #challenge: Promise<Challenge> | undefined;
  readonly #tokens = new Map<string, Promise<Token>>();
  /** Headers that the registry did not take: of many requests with one of them only the first fetches another. */
  readonly #refused = new Set<string>();

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  /** The Authorization header for a request to the registry itself. Throws a PromotionError. */
  async header(scope: Scope): Promise<string | undefined> {
    this.#challenge ??= this.#ping();
    const challenge = await this.#challenge.catch((error: unknown) => {
      this.#challenge = undefined;
      throw error;
    });
    if (challenge.scheme === 'open') return undefined;
    if (challenge.scheme === 'basic') return this.#basic();
    return await this.#bearer(challenge, scope);
  }

  /**
   * Takes note that the registry answered 401: whatever was sent is not sent again, and its new challenge counts.
   * A second 401 to the same request is the registry's answer.
   */
  refused(sent: string | undefined, answer: HttpAnswer): void {
    if (sent !== undefined) this.#refused.add(sent);
    const challenge = parseChallenge(answer.header('www-authenticate'));
    if (challenge) this.#challenge = Promise.resolve(challenge);
  }

  /** What a 401 or 403 from the registry itself means. */
  async denial(status: number): Promise<Denial> {
    if (!this.#options.credentials) return 'registry-private';
    const challenge = await this.#challenge;
    const isPassword = status === 401 && challenge?.scheme === 'basic';
    return isPassword ? 'registry-credentials' : 'registry-denied';
  }

  async #ping(): Promise<Challenge> {
    const { http, pace, signal } = this.#options;
    const what = 'the first question';
    const url = new URL('/v2/', http.registry);
    return await pace.persist(async () => {
      const answer = await http.exchange({ what, method: 'GET', url, headers: {}, signal });
      if (answer.status === 200) return { scheme: 'open' };
      if (answer.status !== 401) throw unusable(answer, { what, pace });
      const challenge = parseChallenge(answer.header('www-authenticate'));
      return challenge ?? fail('registry-nonsense', { what, problem: '401 without a challenge' });
    }, signal);
  }

  #basic(): string | undefined {
    const { credentials } = this.#options;
    if (!credentials) return undefined;
    const pair = `${credentials.username}:${credentials.password.reveal()}`;
    return `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }

  async #bearer(challenge: Challenge & { scheme: 'bearer' }, scope: Scope): Promise<string> {
    const { clock } = this.#options.pace;
    const known = this.#tokens.get(key(scope));
    const token = await known?.catch(() => undefined);
    const isGood = token && token.staleAt > clock.now() && !this.#refused.has(token.header);
    if (isGood) return token.header;
    // Many requests find the token stale at once; one of them fetches the next.
    const latest = this.#tokens.get(key(scope));
    const fetched = latest && latest !== known ? latest : this.#fetchToken(challenge, scope);
    this.#tokens.set(key(scope), fetched);
    return (await fetched).header;
  }

  async #fetchToken(
    { realm, service }: Challenge & { scheme: 'bearer' },
    scope: Scope,
  ): Promise<Token> {
    const { http, pace, signal, subject, credentials } = this.#options;
    const what = 'the token request';
    if (!URL.canParse(realm)) fail('registry-nonsense', { what, problem: 'its realm is no URL' });
    const url = new URL(realm);
    if (!mayAskForToken(http, url)) {
      fail('registry-token-service', { host: url.host });
    }
    if (service !== undefined) url.searchParams.set('service', service);
    for (const one of scopes(scope)) url.searchParams.append('scope', one);
    const authorization = this.#basic();
    const headers = authorization === undefined ? {} : { authorization };
    return await pace.persist(async () => {
      const asked = pace.clock.now();
      const answer = await http.exchange({ what, method: 'GET', url, headers, signal });
      const { status } = answer;
      const denied = { target: subject, status: String(status) };
      if (!credentials && (status === 401 || status === 403)) fail('registry-private', denied);
      if (status === 401) fail('registry-credentials', denied);
      if (status === 403) fail('registry-denied', denied);
      if (status !== 200) throw unusable(answer, { what, pace });
      return readToken(answer.bytes, asked);
    }, signal);
  }
}

/** What a status that nobody expected means: a Transient where it may pass, else a PromotionError. */
export function unusable(
  answer: HttpAnswer,
  { what, pace }: { readonly what: string; readonly pace: Pace },
): Error {
  const { status } = answer;
  const asked = retryAfter(answer.header('retry-after'), pace.clock.now());
  if (status === 429) {
    const seconds = String(pace.timing.patience / 1000);
    const refusal = refuse('registry-busy', { status: String(status), seconds });
    return new Transient(refusal, { retryAfter: asked, busy: true });
  }
  const refusal = refuse('registry-failed', { what, status: String(status) });
  const mayPass = status === 408 || (status >= 500 && status !== 501 && status !== 505);
  if (mayPass) return new Transient(refusal, { retryAfter: asked, busy: false });
  return new PromotionError(refusal);
}

function readToken(bytes: Buffer, asked: number): Token {
  const what = 'the token request';
  const answer = tokenAnswer.safeParse(parseJson(bytes));
  const token = answer.data?.token ?? answer.data?.access_token;
  if (!answer.success || token === undefined || !/^[\x21-\x7e]{1,32768}$/.test(token)) {
    fail('registry-nonsense', { what, problem: 'it holds no token' });
  }
  // At 80 % of its life, counted from before it was made: a push must not find it ended halfway.
  return { header: `Bearer ${token}`, staleAt: asked + answer.data.expires_in * 800 };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function scopes({ name, actions, from }: Scope): string[] {
  const own = `repository:${name}:${actions}`;
  return from === undefined ? [own] : [own, `repository:${from}:pull`];
}

function key(scope: Scope): string {
  return scopes(scope).join(' ');
}
