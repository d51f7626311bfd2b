import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveApi } from './taskcluster/api.ts';
import { serveStorage } from './taskcluster/storage.ts';
import type { World } from './taskcluster/world.ts';

/** A small Taskcluster: queue, index and a storage of its own, on loopback. */
export interface LocalTaskcluster extends World {
  readonly rootUrl: string;
  /** The storage’s origin, where the queue redirects to. */
  readonly storage: string;
  /** The ed25519 key that its level-3 workers sign with: base64 of the raw 32 bytes. */
  readonly key: string;
  /** Signs a certificate as a level-3 worker does: 64 bytes. */
  sign(document: Uint8Array): Uint8Array;
  /** A folder for large artifacts; removed at the end. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Starts an empty one; `local/builds.ts` fills it. Ports are free ones unless given. */
export async function startTaskcluster({
  port = 0,
}: { port?: number } = {}): Promise<LocalTaskcluster> {
  const world: World = { tasks: new Map(), index: new Map(), faults: [], requests: [] };
  const storageServer = await listen(
    (request, response) => serveStorage(world, request, response),
    0,
  );
  const storage = originOf(storageServer);
  const api = { world, storage };
  const apiServer = await listen((request, response) => serveApi(api, request, response), port);
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-taskcluster-'));
  return {
    ...world,
    rootUrl: originOf(apiServer),
    storage,
    key: Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url').toString('base64'),
    sign: (document) => sign(null, document, privateKey),
    folder,
    async close() {
      await Promise.all([close(apiServer), close(storageServer)]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listen(listener: RequestListener, port: number): Promise<Server> {
  const server = createServer(listener);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
}
