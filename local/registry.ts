import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { challenge, type Access, type Need } from './registry/access.ts';
import * as blobs from './registry/blobs.ts';
import { createFaults, type Fault, type Faults, type Step } from './registry/faults.ts';
import * as manifests from './registry/manifests.ts';
import { json, readBody, refusal, type Reply } from './registry/reply.ts';
import { createStore, type Store } from './registry/store.ts';
import { send } from './registry/wire.ts';
import type { TokenService } from './token-service.ts';

export interface LocalRegistryOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** User name → password: every request needs one of them, as with docker-registry's htpasswd. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** A token service decides, as Docker Hub's does. */
  readonly tokens?: TokenService;
}

/** A request as it arrived: what a test looks at. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly step: Step;
  readonly authorization: string | undefined;
}

/** A registry of the OCI distribution spec, in memory, on loopback. */
export interface LocalRegistry {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly host: string;
  readonly store: Store;
  /** What goes wrong from now on. */
  readonly faults: Faults;
  readonly requests: Seen[];
  close(): Promise<void>;
}

/**
 * Starts the stand-in for a registry.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export async function startRegistry(options: LocalRegistryOptions = {}): Promise<LocalRegistry> {
  const store = createStore();
  const faults = createFaults();
  const requests: Seen[] = [];
  const access = accessOf(options);
  const server = createServer((request, response) => {
    serve({ store, faults, requests, access }, request, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    store,
    faults,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface World {
  readonly store: Store;
  readonly faults: Faults;
  readonly requests: Seen[];
  readonly access: Access;
}

function accessOf({ accounts, tokens }: LocalRegistryOptions): Access {
  if (tokens) return { kind: 'bearer', tokens };
  return accounts ? { kind: 'basic', accounts } : { kind: 'open' };
}

/** A request taken apart: what it is about, and how to carry it out. */
interface Call {
  readonly step: Step;
  readonly name: string | undefined;
  readonly action: Need['action'];
  run(fault?: Fault): Reply | Promise<Reply>;
}

async function serve(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const call = route(world.store, url, request);
  const { authorization } = request.headers;
  const { method = '' } = request;
  world.requests.push({ method, path: url.pathname + url.search, step: call.step, authorization });
  const fault = world.faults.take(call.step, request.headers);
  if (fault?.fault === 'stall') return;
  if (fault?.fault === 'meanwhile' || fault?.fault === 'answer') fault.happens?.();
  if (fault?.fault === 'slow') await sleep(fault.ms);
  const denied = challenge(world.access, call, authorization);
  const answer = fault?.fault === 'answer' ? fault : undefined;
  const reply = answer ?? denied ?? (await call.run(fault));
  if (fault?.fault === 'stop-reading') return;
  if (fault?.fault === 'cut') return void request.socket.destroy();
  // An answer before the body was read would leave the body's rest in the connection.
  if (!request.readableEnded) request.resume();
  await send(response, changed(reply, fault), fault);
}

function changed(reply: Reply, fault: Fault | undefined): Reply {
  if (fault?.fault === 'headers') {
    return { ...reply, headers: { ...reply.headers, ...fault.headers } };
  }
  return fault?.fault === 'body' ? { ...reply, body: fault.body } : reply;
}

/** Ending an upload is a right of its own, as in the real thing. */
const actions: Readonly<Record<string, Need['action']>> = {
  GET: 'pull',
  HEAD: 'pull',
  DELETE: 'delete',
};

function route(store: Store, url: URL, request: IncomingMessage): Call {
  const { pathname, searchParams: query } = url;
  const method = request.method ?? 'GET';
  if (pathname === '/v2/' || pathname === '/v2') {
    return { step: 'ping', name: undefined, action: 'pull', run: () => json({}) };
  }
  const match =
    /^\/v2\/(?<name>.+?)\/(?:(?<tags>tags\/list)|manifests\/(?<reference>[^/]+)|blobs\/uploads\/(?<upload>[^/]*)|blobs\/(?<digest>[^/]+))$/.exec(
      pathname,
    )?.groups;
  const name = match?.['name'];
  if (!match || !name) {
    return { step: 'ping', name: undefined, action: 'pull', run: () => refusal(404, 'NOT_FOUND') };
  }
  const action = actions[method] ?? 'push';
  const { reference, upload, digest } = match;
  if (match['tags']) {
    return { step: 'tags', name, action, run: () => manifests.tags(store, name, query) };
  }
  if (reference)
    return routeManifest(store, { name, reference: decodeURIComponent(reference), request });
  const call = { store, name, request, query };
  if (digest) {
    const step = method === 'HEAD' ? 'head-blob' : 'get-blob';
    return { step, name, action, run: () => blobs.blob(call, digest) };
  }
  if (!upload) {
    const step = query.has('mount') ? 'mount' : 'start';
    return { step, name, action, run: (fault) => blobs.start({ ...call, fault }) };
  }
  const step = ({ PATCH: 'patch', PUT: 'finish', DELETE: 'cancel' } as const)[method] ?? 'status';
  return { step, name, action, run: (fault) => blobs.upload({ ...call, fault }, upload) };
}

interface ManifestCall {
  readonly name: string;
  readonly reference: string;
  readonly request: IncomingMessage;
}

function routeManifest(store: Store, { name, reference, request }: ManifestCall): Call {
  const byDigest = reference.startsWith('sha256:');
  if (request.method !== 'PUT') {
    const step = byDigest ? 'manifest' : 'look';
    return { step, name, action: 'pull', run: () => manifests.manifest(store, name, reference) };
  }
  return {
    step: byDigest ? 'put-manifest' : 'put-tag',
    name,
    action: 'push',
    run: async () => {
      const bytes = await readBody(request);
      const mediaType = request.headers['content-type'] ?? '';
      return manifests.putManifest(store, { name, reference, mediaType, bytes });
    },
  };
}
