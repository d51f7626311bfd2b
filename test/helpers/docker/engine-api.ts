import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, pushPlainly, type SmallImage } from '../registry/image.ts';

/** A Docker engine as far as load, tag and push need it: it holds images and really pushes. */
export interface FakeEngine {
  readonly host: string;
  /** Image id → what was loaded. */
  readonly images: Map<string, SmallImage>;
  /** `repository:tag` → image id. */
  readonly tags: Map<string, string>;
  /** `METHOD /path` of each request. */
  readonly requests: string[];
  /** What was sent as X-Registry-Auth, decoded. */
  readonly auths: string[];
  /** Answers instead of the engine, by the last part of the path; with `go on` the engine answers too. */
  instead: Partial<Record<string, Instead>>;
  /** From now on it takes requests and answers none, as one that was sent SIGSTOP. */
  freeze(): void;
  /** It answers again, whoever asked meanwhile as well. */
  thaw(): void;
  close(): Promise<void>;
}

type Instead = (response: ServerResponse, request: IncomingMessage) => unknown;

export async function startFakeEngine(registry: string): Promise<FakeEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'));
  let thawing = Promise.withResolvers<void>();
  thawing.resolve();
  const engine: FakeEngine = {
    host: `unix://${folder}/docker.sock`,
    images: new Map(),
    tags: new Map(),
    requests: [],
    auths: [],
    instead: {},
    freeze: () => void (thawing = Promise.withResolvers()),
    thaw: () => thawing.resolve(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  const server = createServer((request, response) => {
    engine.requests.push(
      `${request.method} ${new URL(request.url ?? '', 'http://engine').pathname}`,
    );
    const answered = thawing.promise.then(() => answer(engine, { request, response, registry }));
    answered.catch((error: unknown) => {
      if (!response.headersSent) response.statusCode = 500;
      response.end(JSON.stringify({ message: String(error) }));
    });
  });
  server.listen(join(folder, 'docker.sock'));
  await once(server, 'listening');
  return engine;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly registry: string;
}

async function answer(engine: FakeEngine, { request, response, registry }: Call): Promise<void> {
  const url = new URL(request.url ?? '', 'http://engine');
  const last = url.pathname.split('/').at(-1) ?? '';
  const instead = engine.instead[last];
  if (instead && (await instead(response, request)) !== 'go on') return;

  const name = decodeURIComponent(url.pathname.replace(/^\/images\/|\/(?:json|tag|push)$/g, ''));
  const id = engine.images.has(name) ? name : engine.tags.get(name);
  if (url.pathname === '/version') return json(response, 200, { Version: '99.0' });
  if (url.pathname === '/images/load') return load(engine, request, response);
  if (last === 'push') return push(engine, { request, response, registry }, name);
  if (!id) return json(response, 404, { message: `No such image: ${name}` });
  if (last === 'tag') {
    engine.tags.set(`${url.searchParams.get('repo')}:${url.searchParams.get('tag')}`, id);
    return json(response, 201, {});
  }
  if (request.method === 'DELETE') {
    if (name === id) for (const [tag, of] of engine.tags) if (of === id) engine.tags.delete(tag);
    engine.tags.delete(name);
    if (![...engine.tags.values()].includes(id)) engine.images.delete(id);
    return json(response, 200, []);
  }
  const tags = [...engine.tags].flatMap(([tag, of]) => (of === id ? [tag] : []));
  json(response, 200, { Id: id, RepoTags: tags });
}

export function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function events(response: ServerResponse, ...lines: (object | string)[]): void {
  for (const line of lines) {
    response.write(typeof line === 'string' ? line : `${JSON.stringify(line)}\r\n`);
  }
}

async function load(engine: FakeEngine, request: IncomingMessage, response: ServerResponse) {
  const files = untar(Buffer.concat(await Array.fromAsync(request)));
  const [listed] = JSON.parse(String(files.get('manifest.json') ?? '[]'));
  if (!listed)
    return (
      events(response.writeHead(200), { errorDetail: { message: 'no manifest' } }),
      void response.end()
    );
  const config = files.get(listed.Config) ?? Buffer.alloc(0);
  const { smallImage } = await import('../registry/image.ts');
  const made = smallImage(listed.Layers.map((name: string) => files.get(name)));
  const imageId = digestOf(config);
  const manifest = JSON.parse(made.manifest.toString());
  manifest.config = { ...manifest.config, digest: imageId, size: config.length };
  const bytes = Buffer.from(JSON.stringify(manifest));
  engine.images.set(imageId, {
    ...made,
    imageId,
    config,
    manifest: bytes,
    digest: digestOf(bytes),
  });
  for (const tag of listed.RepoTags ?? []) engine.tags.set(tag, imageId);
  events(response.writeHead(200), { stream: `Loaded image ID: ${imageId}\n` });
  response.end();
}

async function push(engine: FakeEngine, { request, response, registry }: Call, repository: string) {
  const url = new URL(request.url ?? '', 'http://engine');
  const tag = url.searchParams.get('tag') ?? '';
  const image = engine.images.get(engine.tags.get(`${repository}:${tag}`) ?? '');
  const auth = Buffer.from(String(request.headers['x-registry-auth']), 'base64url').toString();
  engine.auths.push(auth);
  const { username, password } = JSON.parse(auth);
  if (!response.headersSent) response.writeHead(200);
  if (!image) return void (events(response, { error: 'no such image' }), response.end());
  const name = repository.slice(repository.indexOf('/') + 1);
  const account = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const authorization = await authorize({ registry, name, account });
  for (const { diffId } of image.layers) {
    events(response, {
      status: 'Pushing',
      id: diffId.slice(7, 19),
      progressDetail: { current: 1 },
    });
  }
  await pushPlainly({ url: registry, name, tag, authorization }, image);
  for (const { diffId } of image.layers)
    events(response, { status: 'Pushed', id: diffId.slice(7, 19) });
  const { digest, manifest } = image;
  events(response, { status: `${tag}: digest: ${digest} size: ${manifest.length}` });
  events(response, {
    progressDetail: {},
    aux: { Tag: tag, Digest: digest, Size: manifest.length },
  });
  response.end();
}

/** What the registry wants to see: the account itself, or a token that it gets at the registry’s token service. */
async function authorize(given: { registry: string; name: string; account: string }) {
  const { registry, name, account } = given;
  const challenge = (await fetch(`${registry}/v2/`)).headers.get('www-authenticate') ?? '';
  const [, realm, service] = /^Bearer realm="([^"]+)",service="([^"]+)"/.exec(challenge) ?? [];
  if (realm === undefined) return account;
  const scope = `repository:${name}:pull,push`;
  const query = new URLSearchParams({ service: service ?? '', scope });
  const headers = { authorization: account };
  const answer = (await (await fetch(`${realm}?${query.toString()}`, { headers })).json()) as {
    token: string;
  };
  return `Bearer ${answer.token}`;
}

/** Plain files of a tar with short names. */
function untar(bytes: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const name = bytes
      .subarray(at, at + 100)
      .toString()
      .replace(/\0.*$/s, '');
    const size = Number.parseInt(bytes.subarray(at + 124, at + 135).toString(), 8);
    files.set(name, bytes.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
