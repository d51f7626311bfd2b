import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import {
  createServer as createTlsServer,
  getCACertificates,
  setDefaultCACertificates,
} from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalImage } from '../../local/image.ts';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { selfSigned } from '../../local/registry/certificate.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { account, canary, limits, pushOf, randomImage } from '../helpers/registry/push.ts';
import { reasonOf } from '../helpers/registry/reason.ts';
import { target, timing } from '../helpers/faults/registry-world.ts';
import { startStranger, type Stranger } from '../helpers/faults/stranger.ts';

let image: LocalImage;
beforeAll(async () => {
  image = await randomImage(120_000, 2000);
});

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('a registry whose TLS', () => {
  async function pushTo(url: string) {
    const engine = createRegistryEngine({ url, limits, timing });
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
    const server = createHttpsServer({ key, cert: selfSigned(privateKey, '127.0.0.1') });
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

describe('from a registry with TLS nobody is followed without it', () => {
  let registry: LocalRegistry;
  let url: string;
  let stranger: Stranger;
  beforeEach(async () => {
    registry = await startRegistry({ accounts: { [account().username]: canary } });
    url = await withTls(registry);
    stranger = await startStranger();
    closers.push(
      () => registry.close(),
      () => stranger.close(),
    );
  });

  const push = () =>
    createRegistryEngine({ url, limits, timing, chunks: { least: 50_000, most: 100_000 } })(
      pushOf(image),
    );
  const tagged = () => registry.store.repositories.get(target.name)?.tags.get(target.tag);

  it('where all of it has TLS, the image is published', async () => {
    expect(await push()).toMatchObject({ digest: tagged() });
    expect(registry.requests.some(({ authorization }) => authorization)).toBe(true);
  });

  it.each(['start', 'patch'] as const)('to go on with an upload (%s)', async (step) => {
    const headers = { location: `${stranger.foreignUrl}/upload` };
    registry.faults.add(step, { fault: 'headers', headers });
    expect(await reasonOf(push())).toBe('registry-foreign-host');
    expect(stranger.connections).toBe(0);
    expect(tagged()).toBeUndefined();
  });

  it('back to the registry itself, on the very same address', async () => {
    const location = `http://${new URL(url).host}/v2/${target.name}/blobs/uploads/1`;
    registry.faults.add('start', { fault: 'headers', headers: { location } });
    expect(await reasonOf(push())).toBe('registry-foreign-host');
  });

  it('to look at a tag', async () => {
    const headers = { location: `${stranger.foreignUrl}/v2/` };
    registry.faults.add('look', { fault: 'answer', status: 307, headers });
    expect(await reasonOf(push())).toBe('registry-foreign-host');
    expect(stranger.connections).toBe(0);
  });

  it.each(['url', 'foreignUrl'] as const)('to get a token (%s)', async (where) => {
    const headers = { 'www-authenticate': `Bearer realm="${stranger[where]}/token"` };
    registry.faults.add('ping', { fault: 'answer', status: 401, headers });
    expect(await reasonOf(push())).toBe('registry-token-service');
    expect(stranger.connections).toBe(0);
  });

  /** Puts TLS in front of the registry, at an address that does not count as loopback. Trusted until the test ends. */
  async function withTls({ host }: LocalRegistry): Promise<string> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const address = Buffer.from('00000000000000000000ffff7f000001', 'hex');
    const cert = selfSigned(privateKey, 'registry', address);
    const trusted = getCACertificates('default');
    setDefaultCACertificates([...trusted, cert]);
    const [hostname, port] = host.split(':');
    const server = createTlsServer({ key, cert }, (near) => {
      const far = connect(Number(port), hostname);
      near.on('error', () => far.destroy()).pipe(far);
      far.on('error', () => near.destroy()).pipe(near);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => {
      setDefaultCACertificates(trusted);
      server.close();
    });
    return `https://[::ffff:127.0.0.1]:${(server.address() as AddressInfo).port}`;
  }
});
