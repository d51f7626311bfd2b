import { getDomain } from 'tldts';
import { isLoopback } from '../domain/urls.ts';
import { urlProblem } from '../net/addresses.ts';

/** A registry, and the token service that the policy names beside it. */
export interface Owner {
  readonly registry: URL;
  readonly tokenService: URL | undefined;
}

/** What a host is to the registry: its very own, one of the same owner, or anybody's. */
export type Standing = 'own' | 'kin' | 'foreign';

/**
 * Who `url` belongs to, seen from the registry: how far a redirect may reach. Kin is its token service, and what is
 * https and under the same registrable domain by the public suffix list. Where the registry is on loopback, somebody
 * develops on this machine: every port of loopback is kin then, with TLS or without.
 */
export function standing(owner: Owner, url: URL): Standing {
  const { registry } = owner;
  if (url.origin === registry.origin) return 'own';
  if (isLoopback(registry.hostname) && isLoopback(url.hostname)) return 'kin';
  if (isTokenService(owner, url)) return 'kin';
  if (url.protocol !== 'https:' || url.port !== '') return 'foreign';
  const [ours, other] = [registry, url].map(({ hostname }) =>
    getDomain(hostname, { allowPrivateDomains: true }),
  );
  return ours && ours === other ? 'kin' : 'foreign';
}

/**
 * Whether the account's password may be sent to this realm. A registry's challenge is only a claim: whoever can answer
 * for a registry once could otherwise have the password sent to himself (CVE-2020-15157, the containerd resolver), and
 * another name under the same domain may be anybody's. So it is the registry itself, Docker Hub's known service, or
 * what the policy names; on loopback any port of it.
 */
export function mayAskForToken(owner: Owner, realm: URL): boolean {
  if (realm.username || realm.password) return false;
  const { registry } = owner;
  const isLocal = isLoopback(registry.hostname) && isLoopback(realm.hostname);
  return realm.origin === registry.origin || isLocal || isTokenService(owner, realm);
}

/** @see https://distribution.github.io/distribution/spec/auth/token/ */
const hub = { registry: 'https://registry-1.docker.io', tokens: 'https://auth.docker.io' };

function isTokenService({ registry, tokenService }: Owner, url: URL): boolean {
  if (registry.origin === hub.registry && url.origin === hub.tokens) return true;
  return tokenService !== undefined && placeOf(url) === placeOf(tokenService);
}

function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

/**
 * Why a `Location` or a redirect may not be followed; `undefined` where it may. Never from https to http, unless to kin
 * on loopback, and never into a private network, where a registry could have us ask on its behalf.
 */
export function targetProblem(owner: Owner, url: URL): string | undefined {
  if (url.username || url.password) return 'the address carries credentials';
  if (standing(owner, url) !== 'foreign') return undefined;
  return urlProblem(url, reachOf(owner.registry));
}

/** Loopback may only be reached from loopback. */
export function reachOf(registry: URL): { readonly loopback: boolean } {
  return { loopback: isLoopback(registry.hostname) };
}
