import { describe, expect, it } from 'vitest';
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
  it.each([
    ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
    ['tcp://10.0.0.1:2375', { protocol: 'http', host: '10.0.0.1', port: '2375' }],
    ['tcp://engine', { protocol: 'http', host: 'engine', port: 2375 }],
    ['tcp://engine:2376', { protocol: 'https', host: 'engine', port: '2376' }],
    ['https://engine', { protocol: 'https', host: 'engine', port: 2376 }],
    ['ssh://me@engine:22', { protocol: 'ssh', host: 'engine', port: '22', username: 'me' }],
  ])('%s', (dockerHost, expected) => {
    expect(connect(dockerHost).modem).toMatchObject(expected);
  });

  it('is what we were told, whatever the process’s DOCKER_HOST says', () => {
    process.env['DOCKER_HOST'] = 'tcp://elsewhere.invalid:1';
    try {
      const { modem } = connect('unix:///nonexistent.sock');
      expect(modem).toMatchObject({ host: undefined, socketPath: '/nonexistent.sock' });
    } finally {
      delete process.env['DOCKER_HOST'];
    }
  });
});
