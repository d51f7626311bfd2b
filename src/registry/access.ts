import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import { formsOf, type Credentials } from '../domain/secret.ts';
import { visible } from '../domain/visible.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { mayAskForToken } from './hosts.ts';
import { isSuccess, type Http, type HttpAnswer } from './http.ts';
import type { Pace } from './retry.ts';
import { quoted, readSaid } from './said.ts';
import { verdict } from './verdict.ts';

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
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  // Some give it as text, some 0 or null where they mean nothing by it.
  expires_in: z.coerce.number().catch(0),
});

/** Seconds: no token ends sooner, by the spec, and none is kept longer. */
const life = { least: 60, most: 86_400 } as const;

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
  #scheme: Challenge['scheme'] | undefined;
  readonly #tokens = new Map<string, Promise<Token>>();
  /** Headers that the registry did not take: of many requests with one of them only the first fetches another. */
  readonly #refused = new Set<string>();
  /** Every header with a token that was fetched. */
  readonly #given = new Set<string>();

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
    this.#scheme = challenge.scheme;
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
    const challenge = parseChallenges(answer.lines('www-authenticate'));
    if (challenge) this.#challenge = Promise.resolve(challenge);
  }

  /** As far as it was asked already. */
  get usesTokens(): boolean {
    return this.#scheme === 'bearer';
  }

  /** What a 401 or 403 from the registry itself means. */
  async denial(status: number): Promise<Denial> {
    if (!this.#options.credentials) return 'registry-private';
    const challenge = await this.#challenge;
    const isPassword = status === 401 && challenge?.scheme === 'basic';
    return isPassword ? 'registry-credentials' : 'registry-denied';
  }

  /** Whether a text of the registry's may be shown: neither the password nor a token is in it, in whatever form. */
  readonly mayShow = (text: string): boolean => {
    if (/\b(?:basic|bearer) [\w.~+/=-]{16,}|eyJ[\w-]{8}/i.test(text)) return false;
    const { credentials } = this.#options;
    const password = credentials?.password.reveal();
    const own = password ? [password, `${credentials?.username}:${password}`].flatMap(formsOf) : [];
    // Of a token its beginning is enough: somebody may have cut it.
    const tokens = [...this.#given].map((header) => header.slice('Bearer '.length).slice(0, 16));
    const lower = text.toLowerCase();
    return [...own, ...tokens].every((secret) => !lower.includes(visible(secret).toLowerCase()));
  };

  async #ping(): Promise<Challenge> {
    const { http, pace, signal } = this.#options;
    const what = 'the first question';
    const url = new URL('/v2/', http.registry);
    return await pace.persist(async () => {
      const answer = await http.exchange({ what, method: 'GET', url, headers: {}, signal });
      if (isSuccess(answer.status)) return { scheme: 'open' };
      const said = readSaid(answer.bytes, this.mayShow);
      if (answer.status !== 401) {
        throw verdict(answer, { what, method: 'GET', subject: this.#options.subject, said, pace });
      }
      const problem = '401 without a challenge that we can meet';
      return (
        parseChallenges(answer.lines('www-authenticate')) ??
        fail('registry-nonsense', { what, problem })
      );
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
      const said = readSaid(answer.bytes, this.mayShow);
      const denied = { target: subject, status: String(status), said: quoted(said) };
      if (!credentials && (status === 401 || status === 403)) fail('registry-private', denied);
      if (status === 401) fail('registry-credentials', denied);
      if (status === 403) fail('registry-denied', denied);
      if (!isSuccess(status)) throw verdict(answer, { what, method: 'GET', subject, said, pace });
      const token = readToken(answer.bytes, asked);
      this.#given.add(token.header);
      return token;
    }, signal);
  }
}

function readToken(bytes: Buffer, asked: number): Token {
  const what = 'the token request';
  const answer = tokenAnswer.safeParse(parseJson(bytes));
  const token = answer.data?.token || answer.data?.access_token;
  if (!answer.success || !token || !/^[\x21-\x7e]{1,32768}$/.test(token)) {
    fail('registry-nonsense', { what, problem: 'it holds no token' });
  }
  // At 80 % of its life, counted from before it was made: a push must not find it ended halfway.
  const seconds = Math.min(Math.max(answer.data.expires_in, life.least), life.most);
  return { header: `Bearer ${token}`, staleAt: asked + seconds * 800 };
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
