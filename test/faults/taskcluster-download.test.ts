import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Effect, Fault, StoredArtifact } from '../../local/taskcluster/world.ts';
import { PromotionError } from '../../src/domain/errors.ts';
import type { ArtifactFacts, TrustedBuild } from '../../src/domain/plan.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import {
  archive,
  download,
  downloadLimits,
  reasonOf,
  setting,
  shortTimeouts,
  someBytes,
  trusted,
} from '../helpers/taskcluster/setting.ts';
import { startDribble } from '../helpers/taskcluster/dribble.ts';

const given = setting();
const name = 'public/image.tar.zst';
const mebibyte = 1024 ** 2;

async function published(): Promise<TrustedBuild> {
  const { builds, publish } = given();
  return trusted(builds(), await publish());
}

type Wrong = Effect & { readonly times?: number };

function storage(...faults: readonly Wrong[]): void {
  const at = { at: 'storage', path: name } as const;
  given().taskcluster.faults.push(...faults.map((fault): Fault => ({ ...at, ...fault })));
}

function storageRequests(): number {
  return given().taskcluster.requests.filter(
    ({ at, path }) => at === 'storage' && path.includes(name),
  ).length;
}

/** What fails once and then works: the bytes must be the very ones. */
const recovers: Readonly<Record<string, readonly Wrong[]>> = {
  'a connection cut before the first byte': [{ fault: 'cut', after: 0 }],
  'a connection cut in the middle': [{ fault: 'cut', after: 5 * mebibyte }],
  'a connection cut again and again, a bit further each time': Array.from({ length: 9 }, () => ({
    fault: 'cut' as const,
    after: mebibyte,
  })),
  'a cut one byte before the end': [{ fault: 'cut', after: archive.length - 1 }],
  'a server that goes silent before the headers': [{ fault: 'stall' }],
  'a server that goes silent in the middle': [{ fault: 'stall', after: 3 * mebibyte }],
  'a server that starts over instead of resuming': [
    { fault: 'cut', after: 5 * mebibyte },
    { fault: 'whole' },
  ],
  'a server that resumes earlier than asked': [
    { fault: 'cut', after: 5 * mebibyte },
    { fault: 'earlier', by: 777_777 },
  ],
  'a signed address that has expired at once': [{ fault: 'status', status: 403 }],
  'a signed address that has expired in the middle': [
    { fault: 'cut', after: 6 * mebibyte },
    { fault: 'status', status: 403 },
  ],
  '429 without saying for how long': [{ fault: 'status', status: 429 }],
  '429 with a short pause': [{ fault: 'status', status: 429, headers: { 'retry-after': '0' } }],
  '500, 502, 503 and 504': [500, 502, 503, 504].map((status) => ({
    fault: 'status' as const,
    status,
  })),
};

describe('a download that is disturbed', () => {
  it.each(Object.entries(recovers))('recovers from %s', async (_, faults) => {
    const build = await published();
    storage(...faults);
    const { artifact, bytes } = await download(given().builds(), build);
    expect(bytes.equals(archive)).toBe(true);
    expect(artifact.facts().sha256).toBe(build.artifact.sha256);
  });

  it('asks the queue for a fresh address before it goes on', async () => {
    const build = await published();
    storage({ fault: 'cut', after: mebibyte });
    given().taskcluster.requests.length = 0;
    await download(given().builds(), build);
    const asked = given().taskcluster.requests.map(({ at, headers }) => [at, headers['range']]);
    expect(asked).toEqual([
      ['queue', undefined],
      ['storage', undefined],
      ['queue', undefined],
      ['storage', `bytes=${mebibyte}-`],
    ]);
  });

  it('waits until the date that a 429 names, where it is near', async () => {
    const build = await published();
    const headers = { 'retry-after': new Date(Date.now() + 2000).toUTCString() };
    storage({ fault: 'status', status: 429, headers });
    const builds = given().builds({ timeouts: { ...shortTimeouts, longestPause: 4000 } });
    const { bytes } = await download(builds, build);
    expect(bytes.equals(archive)).toBe(true);
    // A timer may be early by a millisecond.
    expect(Date.now()).toBeGreaterThan(Date.parse(headers['retry-after']) - 50);
    expect(storageRequests()).toBe(2);
  });

  it('follows five redirects, the queue’s own among them, and no sixth', async () => {
    const build = await published();
    const { taskcluster } = given();
    const to = (hop: number): string =>
      `${taskcluster.storage}/public-bucket/${build.taskId}/0/${name}?hop=${hop}`;
    storage(...[2, 3, 4, 5].map((hop) => ({ fault: 'redirect' as const, to: to(hop) })));
    expect((await download(given().builds(), build)).bytes.equals(archive)).toBe(true);
    expect(storageRequests()).toBe(5);
    taskcluster.requests.length = 0;
    storage(...[2, 3, 4, 5, 6].map((hop) => ({ fault: 'redirect' as const, to: to(hop) })));
    const refused = download(given().builds(), build).then(() => 'downloaded');
    await expect(refused).rejects.toThrow(
      `Taskcluster’s answer to the request for ${name} of ${build.taskId} cannot be used: it redirects more than 5 times. Try again; if it stays so, ask the Taskcluster team.`,
    );
    expect(storageRequests()).toBe(5);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'recovers from cuts at random places (seed %i)',
    async (seed) => {
      const build = await published();
      let state = seed;
      const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
      storage(
        ...Array.from({ length: 6 }, () => ({
          fault: 'cut' as const,
          after: Math.floor(random() * 2.5 * mebibyte),
        })),
      );
      const { bytes } = await download(given().builds(), build);
      expect(bytes.equals(archive)).toBe(true);
    },
  );
});

/** What does not get better, or must not be taken. */
const refused: Readonly<
  Record<string, { readonly faults: readonly Wrong[]; readonly reason: Reason }>
> = {
  'a connection that is cut at the same byte every time': {
    faults: [
      { fault: 'cut', after: mebibyte },
      { fault: 'cut', after: 0, times: 99 },
    ],
    reason: 'taskcluster-unreachable',
  },
  'a server that goes silent every time': {
    faults: [{ fault: 'stall', after: 0, times: 99 }],
    reason: 'download-stalled',
  },
  '5xx without end': {
    faults: [{ fault: 'status', status: 503, times: 99 }],
    reason: 'taskcluster-unreachable',
  },
  '429 for an hour': {
    faults: [{ fault: 'status', status: 429, headers: { 'retry-after': '3600' } }],
    reason: 'taskcluster-unreachable',
  },
  '429 until a date far away': {
    faults: [
      { fault: 'status', status: 429, headers: { 'retry-after': 'Fri, 31 Dec 2049 23:59:59 GMT' } },
    ],
    reason: 'taskcluster-unreachable',
  },
  'addresses that are expired every time': {
    faults: [{ fault: 'status', status: 403, times: 99 }],
    reason: 'taskcluster-unreachable',
  },
  '404': { faults: [{ fault: 'status', status: 404 }], reason: 'artifact-missing' },
  '410': { faults: [{ fault: 'status', status: 410 }], reason: 'artifact-missing' },
  'a status that nobody expects': {
    faults: [{ fault: 'status', status: 402 }],
    reason: 'taskcluster-nonsense',
  },
  'an empty answer without content': {
    faults: [{ fault: 'status', status: 204 }],
    reason: 'taskcluster-nonsense',
  },
  'an HTML page with 200': {
    faults: [{ fault: 'text', text: '<html>maintenance</html>' }],
    reason: 'artifact-hash',
  },
  'an end that comes too early, without a length': {
    faults: [{ fault: 'end', after: 5 * mebibyte }],
    reason: 'artifact-hash',
  },
  'a length announced too small': {
    faults: [{ fault: 'length', by: -1000, times: 99 }],
    reason: 'artifact-hash',
  },
  'a length announced too large': {
    faults: [{ fault: 'length', by: 1000, times: 1 }],
    reason: 'artifact-length',
  },
  'two lengths': {
    faults: [{ fault: 'two-lengths', times: 99 }],
    reason: 'taskcluster-unreachable',
  },
  'another length after a cut': {
    faults: [
      { fault: 'cut', after: mebibyte },
      { fault: 'text', text: 'another' },
    ],
    reason: 'artifact-length',
  },
  'one bit that is another': {
    faults: [{ fault: 'flip', byte: 9 * mebibyte }],
    reason: 'artifact-hash',
  },
  'one bit that is another after a cut': {
    faults: [
      { fault: 'cut', after: mebibyte },
      { fault: 'flip', byte: 9 * mebibyte },
    ],
    reason: 'artifact-hash',
  },
  'a part that nobody asked for': {
    faults: [{ fault: 'partial' }],
    reason: 'taskcluster-nonsense',
  },
  'a part from later on than asked': {
    faults: [
      { fault: 'cut', after: mebibyte },
      { fault: 'later', by: 10 },
    ],
    reason: 'taskcluster-nonsense',
  },
  'gzip that is gzip': {
    faults: [{ fault: 'encoding', encoding: 'gzip', compress: true }],
    reason: 'artifact-encoding',
  },
  'gzip that is none': {
    faults: [{ fault: 'encoding', encoding: 'gzip' }],
    reason: 'artifact-encoding',
  },
  'zstd on top': {
    faults: [{ fault: 'encoding', encoding: 'zstd', compress: true }],
    reason: 'artifact-encoding',
  },
  brotli: {
    faults: [{ fault: 'encoding', encoding: 'br', compress: true }],
    reason: 'artifact-encoding',
  },
  'an encoding nobody knows': {
    faults: [{ fault: 'encoding', encoding: 'rot13' }],
    reason: 'artifact-encoding',
  },
  'two encodings': {
    faults: [{ fault: 'encoding', encoding: 'gzip, gzip' }],
    reason: 'artifact-encoding',
  },
  'redirects without end': {
    faults: [{ fault: 'redirect', times: 99 }],
    reason: 'taskcluster-nonsense',
  },
  'a redirect to a private address': {
    faults: [{ fault: 'redirect', to: 'https://10.0.0.1/image.tar.zst' }],
    reason: 'artifact-host',
  },
  'a redirect to the cloud’s metadata': {
    faults: [{ fault: 'redirect', to: 'https://169.254.169.254/computeMetadata/v1/' }],
    reason: 'artifact-host',
  },
  'a redirect to plain http elsewhere': {
    faults: [{ fault: 'redirect', to: 'http://storage.example/image.tar.zst' }],
    reason: 'artifact-host',
  },
  'a redirect to a file': {
    faults: [{ fault: 'redirect', to: 'file:///etc/passwd' }],
    reason: 'artifact-host',
  },
  'a redirect with a password': {
    faults: [{ fault: 'redirect', to: 'https://a:b@storage.example/' }],
    reason: 'artifact-host',
  },
  'a redirect to nowhere': {
    faults: [{ fault: 'redirect', to: 'https://' }],
    reason: 'taskcluster-nonsense',
  },
};

describe('a download that cannot be had', () => {
  it.each(Object.entries(refused))('is refused for %s', async (_, { faults, reason }) => {
    const build = await published();
    storage(...faults);
    const began = Date.now();
    const seen: number[] = [];
    const work = (async () => {
      const artifact = await given()
        .builds()
        .open(build, { signal: AbortSignal.timeout(10_000) });
      for await (const chunk of artifact.bytes) seen.push(chunk.length);
    })();
    expect(await reasonOf(work)).toBe(reason);
    expect(Date.now() - began).toBeLessThan(9000);
  });

  it.each(['reference', 'error', 'teleport', undefined])(
    'is refused where the queue now says the storage is %s',
    async (storageType) => {
      const build = await published();
      const headers = {
        location: `${given().taskcluster.storage}/x`,
        ...(storageType ? { 'x-taskcluster-artifact-storage-type': storageType } : {}),
      };
      given().taskcluster.faults.push({
        at: 'queue',
        path: name,
        fault: 'status',
        status: 303,
        headers,
      });
      expect(await reasonOf(download(given().builds(), build))).toBe('artifact-storage');
      expect(storageRequests()).toBe(0);
    },
  );

  it.each([
    ['s3', 'no error'],
    ['reference', 'artifact-storage'],
  ])(
    'takes the storage from the answer where no header says it: %s',
    async (storageType, outcome) => {
      const build = await published();
      const { artifacts } = given().taskcluster.tasks.get(build.taskId) ?? {};
      expect(artifacts?.get(0)?.get(name)?.storageType).toBe('s3');
      const url = `${given().taskcluster.storage}/public-bucket/${build.taskId}/0/${name}?signature=x`;
      given().taskcluster.faults.push({
        at: 'queue',
        path: name,
        fault: 'status',
        status: 303,
        headers: { location: url, 'content-type': 'application/json' },
        body: JSON.stringify({ storageType, url }),
      });
      const downloaded = await download(given().builds(), build).then(
        () => 'no error',
        (error: unknown) => (error instanceof PromotionError ? error.reason : String(error)),
      );
      expect(downloaded).toBe(outcome);
    },
  );

  it('finds the artifact’s storage in the list where the queue does not tell of one artifact', async () => {
    const { taskcluster } = given();
    taskcluster.faults.push({ at: 'queue', path: '/artifact-info/', fault: 'status', status: 404 });
    const build = await published();
    expect(build.artifact.storage).toBe('s3');
    expect(taskcluster.requests.some(({ path }) => path.endsWith('/runs/0/artifacts'))).toBe(true);
  });

  it.each([
    [{ fault: 'status', status: 404 }, 'artifact-missing'],
    [{ fault: 'status', status: 410 }, 'artifact-expired'],
    [{ fault: 'status', status: 424 }, 'artifact-error'],
    [{ fault: 'status', status: 500, times: 99 }, 'taskcluster-unreachable'],
    [{ fault: 'status', status: 303 }, 'artifact-storage'],
    [{ fault: 'text', text: 'bytes of the queue itself' }, 'taskcluster-nonsense'],
    [{ fault: 'stall', times: 99 }, 'taskcluster-unreachable'],
  ] as const)('is refused where the queue answers %j', async (fault, reason) => {
    const build = await published();
    given().taskcluster.faults.push({ at: 'queue', path: name, ...fault });
    const began = Date.now();
    expect(await reasonOf(download(given().builds(), build))).toBe(reason);
    expect(Date.now() - began).toBeLessThan(shortTimeouts.download);
  });

  it.each([
    ['never begins', () => undefined, 'it does not take connections'],
    [
      'ends in the handshake',
      (socket: Socket) => socket.destroy(),
      'E?CONNRESET|the connection broke',
    ],
    ['is none', (socket: Socket) => socket.end('220 smtp ready\r\n'), 'ERR_SSL_[A-Z_]+'],
  ])('is refused where the storage’s TLS %s, in bounded time', async (_, greet, problem) => {
    const build = await published();
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('data', () => greet(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    storage({ fault: 'redirect', to: `https://127.0.0.1:${port}/`, times: 99 });
    const began = Date.now();
    await expect(download(given().builds(), build)).rejects.toThrow(
      new RegExp(
        `^Taskcluster did not answer the request for ${name} of ${build.taskId}: (${problem}) \\(the storage at 127\\.0\\.0\\.1:${port}\\)\\. Try again in a few minutes\\.$`,
      ),
    );
    expect(Date.now() - began).toBeLessThan(shortTimeouts.download);
    expect(sockets.size).toBe(5);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('is refused where it announces more than the limit, without reading it', async () => {
    const build = await published();
    const builds = given().builds({ limits: { ...downloadLimits, artifact: archive.length - 1 } });
    expect(await reasonOf(builds.open(build, { signal: AbortSignal.timeout(5000) }))).toBe(
      'artifact-too-large',
    );
  });

  it('is refused at the first byte over the limit where nothing is announced', async () => {
    const build = await published();
    storage({ fault: 'end', after: archive.length });
    const builds = given().builds({ limits: { ...downloadLimits, artifact: mebibyte } });
    let got = 0;
    const work = (async () => {
      const artifact = await builds.open(build, { signal: AbortSignal.timeout(5000) });
      expect(artifact.size).toBeUndefined();
      for await (const chunk of artifact.bytes) got += chunk.length;
    })();
    expect(await reasonOf(work)).toBe('artifact-too-large');
    expect(got).toBeLessThanOrEqual(mebibyte);
  });

  it('is refused where it is longer after a cut, before another byte is passed on', async () => {
    const build = await published();
    storage({ fault: 'cut', after: mebibyte });
    const artifact = await given()
      .builds()
      .open(build, { signal: AbortSignal.timeout(5000) });
    const artifacts = given().taskcluster.tasks.get(build.taskId)?.artifacts.get(0);
    const content = someBytes(archive.length + 1);
    artifacts?.set(name, { ...artifacts.get(name), content } as StoredArtifact);
    let got = 0;
    const work = (async () => {
      for await (const chunk of artifact.bytes) got += chunk.length;
    })();
    expect(await reasonOf(work)).toBe('artifact-length');
    expect(got).toBe(mebibyte);
  });

  it('is refused after the time for one download in all', async () => {
    const build = await published();
    storage({ fault: 'stall', after: mebibyte, times: 99 });
    const builds = given().builds({ timeouts: { ...shortTimeouts, idle: 5000, download: 300 } });
    expect(await reasonOf(download(builds, build))).toBe('download-timeout');
  });

  it('is refused where a server dribbles for ever', async () => {
    const build = await published();
    const server = createServer((_, response) => {
      const timer = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    storage({ fault: 'redirect', to: `http://127.0.0.1:${port}/` });
    const builds = given().builds({ timeouts: { ...shortTimeouts, download: 400 } });
    expect(await reasonOf(download(builds, build))).toBe('download-timeout');
    server.close();
  });

  it('is given up after a minute in which less came than it must, long before its time is over', async () => {
    const build = await published();
    await using server = await startDribble();
    storage({ fault: 'redirect', to: server.url });
    const builds = given().builds({ clock: server.clock });
    expect(await reasonOf(download(builds, build))).toBe('download-too-slow');
    expect(server.clock()).toBeLessThan(90_000);
  });

  it('is not slow where whoever takes its bytes is', async () => {
    const build = await published();
    let now = 0;
    const builds = given().builds({ clock: () => now });
    const artifact = await builds.open(build, { signal: AbortSignal.timeout(10_000) });
    now += 300_000;
    let got = 0;
    for await (const chunk of artifact.bytes) {
      now += 300_000;
      got += chunk.length;
    }
    expect(got).toBe(archive.length);
  });

  it('may be stopped by whoever asked for it', async () => {
    const build = await published();
    storage({ fault: 'stall', after: mebibyte });
    const stop = new AbortController();
    const builds = given().builds({ timeouts: { ...shortTimeouts, idle: 60_000 } });
    const work = download(builds, build, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('the bot stops')), 50);
    await expect(work).rejects.toThrow('the bot stops');
  });
});

describe('whoever leaves early', () => {
  it('closes the connection', async () => {
    const build = await published();
    let closed = false;
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-length': String(archive.length) });
      const timer = setInterval(() => response.write(Buffer.alloc(65_536)), 5);
      response.on('close', () => {
        clearInterval(timer);
        closed = true;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    storage({ fault: 'redirect', to: `http://127.0.0.1:${port}/` });
    const artifact = await given().builds().open(build, { signal: new AbortController().signal });
    for await (const _ of artifact.bytes) break;
    for (let waited = 0; !closed && waited < 100; waited += 1) await sleep(10);
    expect(closed).toBe(true);
    server.close();
  });
});

describe('a download of what was approved', () => {
  it('releases nothing of a block that is another', async () => {
    const build = await published();
    const approved = (await download(given().builds(), build)).artifact.facts();
    storage({ fault: 'flip', byte: 5 * mebibyte });
    const released: Uint8Array[] = [];
    const work = (async () => {
      const { signal } = new AbortController();
      const artifact = await given().builds().open(build, { signal, approved });
      for await (const chunk of artifact.bytes) released.push(chunk);
    })();
    expect(await reasonOf(work)).toBe('changed-artifact');
    const bytes = Buffer.concat(released);
    expect(bytes.length).toBe(4 * mebibyte);
    expect(bytes.equals(archive.subarray(0, 4 * mebibyte))).toBe(true);
  });

  it('releases nothing at all where the first block is another', async () => {
    const build = await published();
    const approved = (await download(given().builds(), build)).artifact.facts();
    storage({ fault: 'flip', byte: 0 });
    const released = await releasedBefore(build, approved);
    expect(released).toEqual({ reason: 'changed-artifact', size: 0 });
  });

  it('holds back the rest until the whole has matched', async () => {
    const build = await published();
    const approved = (await download(given().builds(), build)).artifact.facts();
    storage({ fault: 'flip', byte: archive.length - 1 });
    const released = await releasedBefore(build, approved);
    expect(released).toEqual({ reason: 'changed-artifact', size: 8 * mebibyte });
  });

  it('notices another length before it reads', async () => {
    const build = await published();
    const approved = (await download(given().builds(), build)).artifact.facts();
    const shorter = { ...approved, size: approved.size - 1 };
    expect(await releasedBefore(build, shorter)).toEqual({ reason: 'changed-artifact', size: 0 });
  });

  it('notices bytes past the approved ones where no length is announced', async () => {
    const { builds, publish } = given();
    const longer = await trusted(builds(), await publish({ archive: someBytes(2000) }));
    const approved = (await download(builds(), longer)).artifact.facts();
    storage({ fault: 'end', after: 2000 });
    const released = await releasedBefore(longer, { ...approved, size: 1999 });
    expect(released).toEqual({ reason: 'changed-artifact', size: 0 });
  });

  it('goes on after a cut and still matches', async () => {
    const build = await published();
    const approved = (await download(given().builds(), build)).artifact.facts();
    storage({ fault: 'cut', after: 5 * mebibyte }, { fault: 'whole' });
    const { bytes } = await download(given().builds(), build, { approved });
    expect(bytes.equals(archive)).toBe(true);
  });

  it('is refused where the chain of trust signs other bytes by now', async () => {
    const { builds, publish } = given();
    const one = await trusted(builds(), await publish());
    const approved = (await download(builds(), one)).artifact.facts();
    const other = await trusted(builds(), await publish({ archive: someBytes(1000) }));
    given().taskcluster.requests.length = 0;
    expect(await releasedBefore(other, approved)).toEqual({ reason: 'changed-artifact', size: 0 });
    expect(given().taskcluster.requests).toEqual([]);
  });
});

async function releasedBefore(
  build: TrustedBuild,
  approved: ArtifactFacts,
): Promise<{ readonly reason: Reason | undefined; readonly size: number }> {
  let size = 0;
  try {
    const { signal } = new AbortController();
    const artifact = await given().builds().open(build, { signal, approved });
    for await (const chunk of artifact.bytes) size += chunk.length;
    return { reason: undefined, size };
  } catch (error) {
    if (!(error instanceof PromotionError)) throw error;
    return { reason: error.reason, size };
  }
}
