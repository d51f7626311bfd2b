/** Docker Hub's API host, and how the engine calls it. */
const hub = 'registry-1.docker.io';

/** How the engine names a repository of the registry at `registry` (a URL): `docker.io/…`, `127.0.0.1:5000/…`. */
export function engineName(registry: string, name: string): string {
  const { host } = new URL(registry);
  return `${host === hub ? 'docker.io' : host}/${name}`;
}
