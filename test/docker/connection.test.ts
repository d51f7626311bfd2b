import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatProblem, readOperatorEnvironment } from '../../src/config.ts';
import { asking, connect } from '../../src/docker/connection.ts';

const work = { verb: 'do it', noun: 'the work' };
const never = new AbortController().signal;

describe('asking the engine', () => {
  it('does not begin when we are to stop', async () => {
    let asked = 0;
    const ask = async () => void (asked += 1);
    const signal = AbortSignal.abort();
    await expect(asking({ work, signal, idle: 1000 }, ask)).rejects.toMatchObject({
      reason: 'interrupted',
    });
    expect(asked).toBe(0);
  });

  it('goes on as long as there are signs of life', async () => {
    const ask = async (_: AbortSignal, alive: () => void) => {
      for (let i = 0; i < 6; i += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        alive();
      }
      return 'done';
    };
    expect(await asking({ work, signal: never, idle: 200 }, ask)).toBe('done');
  });

  it('shows nothing of an unknown error', async () => {
    const ask = () => Promise.reject(new Error('Authorization: cAnArY'));
    const error: Error = await asking({ work, signal: never, idle: 1000 }, ask).catch((e) => e);
    expect(`${error.message} ${String(error.cause)}`).not.toContain('cAnArY');
  });
});

describe('where the engine is', () => {
  const tls = { DOCKER_TLS_VERIFY: '1' };
  it.each([
    ['unix:///run/user/1000/docker.sock', {}, { socketPath: '/run/user/1000/docker.sock' }],
    ['tcp://127.0.0.1:2375', {}, { protocol: 'http', host: '127.0.0.1', port: 2375 }],
    ['http://localhost', {}, { protocol: 'http', host: 'localhost', port: 2375 }],
    ['tcp://[::1]:99', {}, { protocol: 'http', host: '::1', port: 99 }],
    ['tcp://engine:2376', {}, { protocol: 'https', host: 'engine', port: 2376 }],
    ['tcp://engine', tls, { protocol: 'https', host: 'engine', port: 2376 }],
    ['tcp://engine:99', tls, { protocol: 'https', host: 'engine', port: 99 }],
    ['https://engine', {}, { protocol: 'https', host: 'engine', port: 2376 }],
  ])('%s with %j', (DOCKER_HOST, more, expected) => {
    expect(connect({ DOCKER_HOST, ...more }).modem).toMatchObject(expected);
  });

  it.each([
    ['tcp://10.0.0.1:2375', /neither a socket, nor loopback, nor TLS/],
    ['tcp://engine', /neither a socket, nor loopback, nor TLS/],
    ['http://engine:2376', /neither a socket, nor loopback, nor TLS/],
    ['tcp://127.0.0.1.evil.example:2375', /neither a socket, nor loopback, nor TLS/],
    ['tcp://127.0.0.1@evil.example:2375', /must not carry credentials/],
    ['ssh://me@engine', /must not carry credentials/],
    ['ssh://engine', /forward the engine’s socket with ssh -L/],
    ['unix://engine/docker.sock', /is not unix:/],
    ['npipe:////./pipe/docker_engine', /is not unix:/],
    ['/run/docker.sock', /is not unix:/],
  ])('is refused as %s, at the start and by check-config', (DOCKER_HOST, reason) => {
    expect(() => connect({ DOCKER_HOST })).toThrow(reason);
    const read = readOperatorEnvironment({ DOCKER_HOST });
    expect(read.ok ? [] : read.problems.map(formatProblem)).toEqual([
      expect.stringMatching(new RegExp(`^DOCKER_HOST: .*${reason.source}`)),
    ]);
  });

  it('is known by the certificates of DOCKER_CERT_PATH, and by those only', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'promote-image-certificates-'));
    const given = { DOCKER_HOST: 'tcp://engine', ...tls, DOCKER_CERT_PATH: folder };
    expect(() => connect(given)).toThrow(/ca\.pem of DOCKER_CERT_PATH cannot be read \(ENOENT\)/);
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder, `${name}.pem`), name);
    const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) => Buffer.from(name));
    expect(connect(given).modem).toMatchObject({ ca, cert, key });
    await rm(folder, { recursive: true });
  });

  it('is what we were told, whatever the process’s DOCKER_HOST says', () => {
    process.env['DOCKER_HOST'] = 'tcp://elsewhere.invalid:1';
    try {
      const { modem } = connect({ DOCKER_HOST: 'unix:///nonexistent.sock' });
      expect(modem).toMatchObject({ host: undefined, socketPath: '/nonexistent.sock' });
    } finally {
      delete process.env['DOCKER_HOST'];
    }
  });
});
