import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repin } from '../../src/docker/repin.ts';
import { json, startFakeEngine, type FakeEngine } from '../helpers/docker/engine-api.ts';

let fake: FakeEngine;
let folder: string;
let exitCode: number;

beforeEach(async () => {
  fake = await startFakeEngine('http://unused.invalid');
  folder = await mkdtemp(join(tmpdir(), 'repin-'));
  exitCode = 0;
  fake.instead = {
    // The list of containers, one of them, or an image.
    json: (response, { url }) => {
      if (url?.startsWith('/images/')) return json(response, 200, { Id: 'sha256:tools' });
      const State = { Running: false, ExitCode: exitCode };
      return json(response, 200, url?.startsWith('/containers/c1/') ? { State } : []);
    },
    create: (response) => json(response, 201, { Id: 'c1' }),
    start: (response) => json(response, 204, ''),
    logs: (response) => response.end(),
    c1: (response) => json(response, 204, ''),
  };
});
afterEach(async () => {
  await fake.close();
  await rm(folder, { recursive: true, force: true });
});

/** A re-pin, and how it ended within three seconds. */
async function outcome(signal = new AbortController().signal): Promise<unknown> {
  const late = new Promise((resolve) => setTimeout(() => resolve('nothing'), 3000));
  const done = repin({
    dockerHost: fake.host,
    name: 'build-decision',
    image: 'tools:1',
    command: ['pin'],
    folder,
    workdir: '.',
    network: false,
    limits: {
      processors: 2,
      processes: 256,
      time: 20_000,
      memory: 64 * 1024 ** 2,
      disk: 64 * 1024 ** 2,
    },
    signal,
    idle: 500,
  });
  return Promise.race([
    done.then(
      () => 'done',
      (error: unknown) => error,
    ),
    late,
  ]);
}

describe('a re-pin on an engine that freezes', () => {
  it.each([
    ['at the first question', 'json'],
    ['at the making of the container', 'create'],
    ['at the start of the command', 'start'],
  ])('%s is told in bounded time', async (_, at) => {
    fake.instead[at] = () => fake.freeze();
    expect(await outcome()).toMatchObject({
      reason: 'docker-unreachable',
      message: expect.stringContaining('the re-pin command: nothing came for 0.5 s'),
    });
  });

  it('after the command failed tells that it failed', async () => {
    exitCode = 3;
    fake.instead['logs'] = () => fake.freeze();
    expect(await outcome()).toMatchObject({
      reason: 'repin-failed',
      facts: { problem: 'it ended with exit code 3' },
    });
  });

  it('after the command was done keeps what it did', async () => {
    fake.instead['c1'] = () => fake.freeze();
    expect(await outcome()).toBe('done');
  });
});

it('removes its container where it is stopped', async () => {
  const stop = new AbortController();
  fake.instead['start'] = () => stop.abort();
  expect(await outcome(stop.signal)).toMatchObject({ reason: 'interrupted' });
  expect(fake.requests).toContain('DELETE /containers/c1');
});
