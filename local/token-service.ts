import { generateKeyPairSync, randomUUID, sign, verify, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basic } from './registry/basic.ts';
import { selfSigned } from './registry/certificate.ts';
import { createFaults, type Faults } from './registry/faults.ts';
import { json, type Reply } from './registry/reply.ts';
import { send } from './registry/wire.ts';

export interface TokenServiceOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** User name → password of whoever may push. */
  readonly accounts: Readonly<Record<string, string>>;
  /** Which repositories an account may push to; all of them by default. */
  readonly mayPush?: (username: string, repository: string) => boolean;
  /** Seconds that a token lives: 300 as Docker Hub's. */
  readonly life?: number;
}

/** What a token allows. */
export interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** A token service as Docker Hub's: anyone pulls, only the account pushes. */
export interface TokenService {
  /** The realm. */
  readonly url: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM of the certificate that signs: what docker-registry takes as `rootcertbundle`. */
  readonly certificate: string;
  readonly faults: Faults;
  /** Every request: its query and its Authorization header. */
  readonly requests: { readonly query: string; readonly authorization: string | undefined }[];
  /** What a token allows, or `undefined` where it is none of ours or no longer valid. */
  verify(token: string): readonly Grant[] | undefined;
  /** From now on no token that was handed out before is worth anything. */
  revokeAll(): void;
  close(): Promise<void>;
}

/**
 * Starts the stand-in for a registry's token service. Its tokens are signed, so that the real docker-registry takes them.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export async function startTokenService(options: TokenServiceOptions): Promise<TokenService> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = 'stand-in token service';
  const certificate = selfSigned(privateKey, issuer);
  const keys = { privateKey, publicKey, certificate };
  const faults = createFaults();
  const requests: TokenService['requests'] = [];
  const names = { issuer, service: 'stand-in registry' };
  let generation = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in');
    const { authorization } = request.headers;
    requests.push({ query: url.search, authorization });
    const fault = faults.take('token', request.headers);
    if (fault?.fault === 'stall') return;
    if (fault?.fault === 'meanwhile' || fault?.fault === 'answer') fault.happens?.();
    const issuing = { ...names, ...options, keys, generation };
    const reply = fault?.fault === 'answer' ? fault : issue(issuing, url.searchParams, request);
    send(response, reply, fault).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...names,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    certificate,
    faults,
    requests,
    verify: (token) => check(token, publicKey, generation),
    revokeAll: () => void (generation += 1),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface Issuing extends TokenServiceOptions {
  readonly issuer: string;
  readonly service: string;
  readonly generation: number;
  readonly keys: { readonly privateKey: KeyObject; readonly certificate: string };
}

function issue(world: Issuing, query: URLSearchParams, request: IncomingMessage): Reply {
  const [username = '', password] = basic(request.headers.authorization);
  const isKnown = password !== undefined && world.accounts[username] === password;
  if (request.headers.authorization !== undefined && !isKnown) {
    return { ...json({ details: 'incorrect username or password' }), status: 401 };
  }
  const access = query.getAll('scope').flatMap((scope): Grant[] => {
    const [, type, name, actions] = /^(\w+):(.+):([\w,]+)$/.exec(scope) ?? [];
    if (type !== 'repository' || !name || !actions) return [];
    const mayPush = isKnown && (world.mayPush?.(username, name) ?? true);
    const granted = actions
      .split(',')
      .filter((action) => action === 'pull' || (action === 'push' && mayPush));
    return [{ type, name, actions: granted }];
  });
  const { life = 300 } = world;
  const now = Math.floor(Date.now() / 1000);
  const token = encode(world, { access, exp: now + life, now, sub: username });
  const issued_at = new Date(now * 1000).toISOString();
  return json({ token, access_token: token, expires_in: life, issued_at });
}

interface Claims {
  readonly access: readonly Grant[];
  readonly exp: number;
  readonly now: number;
  readonly sub: string;
}

function encode(world: Issuing, { access, exp, now, sub }: Claims): string {
  const x5c = [world.keys.certificate.replaceAll(/-----[A-Z ]+-----|\n/g, '')];
  const header = part({ typ: 'JWT', alg: 'ES256', x5c });
  const { issuer: iss, service: aud, generation } = world;
  const jti = `${generation}.${randomUUID()}`;
  const claims = part({ iss, sub, aud, exp, nbf: now - 10, iat: now, jti, access });
  const signed = `${header}.${claims}`;
  const key = { key: world.keys.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function check(token: string, key: KeyObject, generation: number): readonly Grant[] | undefined {
  const [header, claims, signature] = token.split('.');
  if (!header || !claims || !signature) return undefined;
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) return undefined;
  const { access, exp, jti } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as {
    access: readonly Grant[];
    exp: number;
    jti: string;
  };
  if (exp <= Date.now() / 1000 || !jti.startsWith(`${generation}.`)) return undefined;
  return access;
}
