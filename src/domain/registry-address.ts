import { isLoopback, serviceUrl } from './urls.ts';

/**
 * A registry's address: scheme, host and port. Its API begins at the root of the host, so whatever stands behind would be
 * named to people and asked by nobody.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
 */
export const registryUrl = serviceUrl.superRefine((value, context) => {
  if (!URL.canParse(value)) return;
  const message = problemOf(new URL(value));
  if (message) context.addIssue({ code: 'custom', message });
});

/** What people call Docker Hub, and where it does not answer as a registry. */
const hubs = ['docker.io', 'index.docker.io', 'hub.docker.com', 'registry.hub.docker.com'];

function problemOf({ hostname, origin, pathname, search, hash }: URL): string | undefined {
  if (hubs.includes(hostname.replace(/^www\./, ''))) {
    return 'is not where Docker Hub’s registry is: that is https://registry-1.docker.io';
  }
  if (search || hash) return `must end behind the host: ${origin}`;
  if (/^\/+$/.test(pathname)) return undefined;
  const path = pathname.replaceAll(/^\/(?:v[12](?:\/|$))?|\/+$/g, '');
  const where = path && `; what stands behind it goes before each name: ${path}/…`;
  return `must end behind the host: ${origin}${where}`;
}

/** Why a name of a repository would be asked for in vain; `undefined` where it would not. */
export function repositoryProblem(name: string): string | undefined {
  const [host = '', ...rest] = name.split('/');
  const isHost = rest.length > 0 && (host.includes('.') || isLoopback(host));
  return isHost ? `must be without the registry’s host: ${rest.join('/')}` : undefined;
}
