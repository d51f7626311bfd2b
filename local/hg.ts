import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type HgFiles = Readonly<Record<string, string | Uint8Array>>;

export interface HgServer {
  /** Where the repository is: an `hg:` source of pins, or a build's repository. */
  url(repository: string): string;
  /** Adds a changeset that changes these files, makes it the tip of the branch, and gives its 40 hex digits. */
  commit(repository: string, files: HgFiles, branch?: string): string;
  close(): Promise<void>;
}

interface Repository {
  /** Branch → changeset. */
  readonly tips: Map<string, string>;
  readonly changesets: Map<string, ReadonlyMap<string, Uint8Array>>;
}

/** The part of hgweb that reading a tree needs, from memory, on loopback: `/json-rev/<name>` and `/raw-file/<name>/<path>`. */
export async function startHg(port = 0): Promise<HgServer> {
  const repositories = new Map<string, Repository>();
  const server = createServer((request, response) => {
    if (request.method !== 'GET') return send(response, 405, 'method not allowed');
    return answer(request.url ?? '/', repositories, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: (repository) => `http://127.0.0.1:${bound}/${repository}`,
    commit: (name, files, branch = 'default') => {
      const repository = repositories.get(name) ?? { tips: new Map(), changesets: new Map() };
      repositories.set(name, repository);
      return commit(repository, files, branch);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function commit({ tips, changesets }: Repository, files: HgFiles, branch: string): string {
  const parent = tips.get(branch) ?? '';
  const manifest = new Map(changesets.get(parent));
  const hash = createHash('sha1').update(parent);
  for (const [path, content] of Object.entries(files)) {
    const bytes = new Uint8Array(Buffer.from(content));
    manifest.set(path, bytes);
    hash.update(`\0${path}\0${bytes.length}\0`).update(bytes);
  }
  const node = hash.digest('hex');
  changesets.set(node, manifest);
  tips.set(branch, node);
  return node;
}

function answer(
  url: string,
  repositories: ReadonlyMap<string, Repository>,
  response: ServerResponse,
): void {
  // hgweb decodes the whole path before it splits it, and then a changeset’s name once more.
  const place = decoded(url.replace(/\?.*$/s, ''));
  const match = /^\/(.+?)\/(json-rev|raw-file)\/([^/]+)(?:\/(.*))?$/s.exec(place);
  const [, name = '', command, revision = '', path = ''] = match ?? [];
  const repository = repositories.get(name);
  if (!repository) return send(response, 404, 'no such repository');
  const wanted = revision.replaceAll('%2F', '/');
  const node = repository.tips.get(wanted) ?? wanted;
  const manifest = repository.changesets.get(node);
  if (!manifest)
    return send(response, 404, JSON.stringify({ error: `unknown revision '${wanted}'` }));
  if (command === 'json-rev') return send(response, 200, JSON.stringify({ node }));
  const bytes = manifest.get(path);
  return bytes ? send(response, 200, bytes) : send(response, 404, 'not found in manifest');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return '';
  }
}

function send(response: ServerResponse, status: number, body: string | Uint8Array): void {
  response.writeHead(status, { 'content-type': 'application/octet-stream' }).end(body);
}
