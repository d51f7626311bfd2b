import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { selfSigned } from '../../local/registry/certificate.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { limits, pushOf, randomImage } from '../registry/push.ts';
import { faultyWorld, resultOf, timing, type FaultyWorld } from './registry-world.ts';

const forever = { times: Infinity };
let image: LocalImage;
let world: FaultyWorld;
let stranger: Stranger;
beforeAll(async () => {
  image = await randomImage(400_000, 20_000);
});
beforeEach(async () => {
  world = await faultyWorld();
  stranger = await startStranger();
});
afterEach(async () => {
  await world.close();
  stranger.close();
});

/** A server of somebody else’s, which writes down whoever comes. */
interface Stranger {
  readonly url: string;
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
  connections: number;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): void;
}

async function startStranger(): Promise<Stranger> {
  const server: Server = createServer((request, response) => {
    const { url: path = '', headers } = request;
    made.requests.push({ path, authorization: headers.authorization });
    request.resume();
    made.answer(request, response);
  });
  server.on('connection', () => (made.connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made: Stranger = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    connections: 0,
    answer: (_, response) => response.writeHead(404).end(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return made;
}

/** How many Authorization headers a stranger got. */
const given = () => stranger.requests.filter(({ authorization }) => authorization).length;

describe('a stranger gets no Authorization header', () => {
  const challenge = () => ({ 'www-authenticate': `Bearer realm="${stranger.url}/token"` });

  it('when an upload is sent to him and he asks for one', async () => {
    stranger.answer = (_, response) => response.writeHead(401, challenge()).end();
    const location = `${stranger.url}/upload`;
    world.fault('start', { fault: 'headers', headers: { location } }, forever);
    expect(resultOf((await world.push(image)).outcome)).toMatch(/^registry-/);
    expect(stranger.requests.length).toBeGreaterThan(0);
    expect([given(), stranger.requests.filter(({ path }) => path.startsWith('/token'))]).toEqual([
      0,
      [],
    ]);
  });

  it.each(['look', 'manifest', 'head-blob', 'tags'] as const)(
    'when a question (%s) is redirected to him',
    async (step) => {
      stranger.answer = (_, response) => response.writeHead(401, challenge()).end();
      const headers = { location: `${stranger.url}/elsewhere` };
      world.fault(step, { fault: 'answer', status: 307, headers }, forever);
      await world.push(image);
      expect(stranger.requests.length).toBeGreaterThan(0);
      expect(given()).toBe(0);
    },
  );

  it.each(['put-manifest', 'put-tag', 'finish', 'start'] as const)(
    'when what is sent (%s) is redirected to him: it is not followed at all',
    async (step) => {
      const headers = { location: `${stranger.url}/elsewhere` };
      world.fault(step, { fault: 'answer', status: 307, headers }, forever);
      expect(resultOf((await world.push(image)).outcome)).toBe('registry-failed');
      expect(stranger.connections).toBe(0);
    },
  );

  it('when a realm names him beside a password: nobody even calls', async () => {
    const realm = stranger.url.replace('http://', 'http://user:x@');
    const headers = { 'www-authenticate': `Bearer realm="${realm}/token"` };
    world.fault('ping', { fault: 'answer', status: 401, headers }, forever);
    const { outcome } = await world.push(image);
    expect(resultOf(outcome)).toBe('registry-foreign-host');
    if ('error' in outcome)
      expect(outcome.error.message).toMatch(
        /^The registry pointed the token request at 127\.0\.0\.1, which is not allowed\. No credentials were sent there; look at the registry’s configuration\.$/,
      );
    expect(stranger.connections).toBe(0);
  });

  it('and is seen to be one: who counts sees a header where one is sent', async () => {
    await fetch(stranger.url, { headers: { authorization: 'Basic eDp4' } });
    expect(given()).toBe(1);
  });
});

describe('a registry whose TLS', () => {
  const closers: (() => void)[] = [];
  afterEach(() => closers.splice(0).forEach((close) => close()));

  async function pushTo(url: string) {
    const engine = createRegistryEngine({ url, limits, timing, clock: world.clock });
    const from = performance.now();
    const error: Error & { reason?: string } = await engine(pushOf(image)).then(
      () => new Error('published'),
      (thrown: Error) => thrown,
    );
    return { reason: error.reason, message: error.message, ms: performance.now() - from };
  }

  it('shows a certificate of its own making is told at once, and asked once', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    let handshakes = 0;
    const server = createTlsServer({ key, cert: selfSigned(privateKey, '127.0.0.1') });
    server.on('connection', () => (handshakes += 1));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const told = await pushTo(`https://127.0.0.1:${port}`);
    expect(told).toMatchObject({ reason: 'registry-unreachable' });
    expect(told.message).toMatch(/did not answer the first question: TLS: [A-Z_]+\. Press Retry/);
    expect(handshakes).toBe(1);
  });

  it.each([
    ['is no TLS at all', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['ends in the middle of the handshake', (socket: Socket) => socket.destroy()],
    ['never comes', () => undefined],
  ])('%s is told in bounded time', async (_, greet) => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => greet(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const told = await pushTo(`https://127.0.0.1:${port}`);
    expect(told.reason).toBe('registry-unreachable');
    expect(told.message).toMatch(/did not answer the first question: .+\. Press Retry/);
    expect(told.ms).toBeLessThan(5000);
    expect(sockets.size).toBeLessThanOrEqual(timing.attempts);
  });
});
