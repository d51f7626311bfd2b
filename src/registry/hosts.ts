import { getDomain } from 'tldts';
import { isLoopback } from '../urls.ts';
import { urlProblem } from '../net/addresses.ts';

/**
 * What a host is to the registry: its very own, one of the same owner, or anybody's.
 * Only the first two are ever sent an Authorization header, each its own.
 */
export type Standing = 'own' | 'kin' | 'foreign';

/**
 * Who `url` belongs to, seen from the registry. Kin is https and under the same registrable domain by the public
 * suffix list: registry-1.docker.io and auth.docker.io are, a.github.io and b.github.io are not. Where the registry is
 * on loopback, somebody develops on this machine: every port of loopback is kin then, with TLS or without.
 */
export function standing(registry: URL, url: URL): Standing {
  if (url.origin === registry.origin) return 'own';
  if (isLoopback(registry.hostname) && isLoopback(url.hostname)) return 'kin';
  if (url.protocol !== 'https:' || url.port !== '') return 'foreign';
  const owner = getDomain(registry.hostname, { allowPrivateDomains: true });
  const other = getDomain(url.hostname, { allowPrivateDomains: true });
  return owner !== null && owner === other ? 'kin' : 'foreign';
}

/**
 * Whether the account's password may be sent to this realm. A registry's challenge is only a claim: whoever can answer
 * for a registry once could otherwise have the password sent to himself (CVE-2020-15157, the containerd resolver).
 */
export function mayAskForToken(registry: URL, realm: URL): boolean {
  if (realm.username || realm.password) return false;
  return standing(registry, realm) !== 'foreign';
}

/**
 * Why a `Location` or a redirect may not be followed; `undefined` where it may. Never from https to http, unless to kin
 * on loopback, and never into a private network, where a registry could have us ask on its behalf.
 */
export function targetProblem(registry: URL, url: URL): string | undefined {
  if (url.username || url.password) return 'the address carries credentials';
  if (standing(registry, url) !== 'foreign') return undefined;
  return urlProblem(url, reachOf(registry));
}

/** Loopback may only be reached from loopback. */
export function reachOf(registry: URL): { readonly loopback: boolean } {
  return { loopback: isLoopback(registry.hostname) };
}
