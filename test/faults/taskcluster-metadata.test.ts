import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Effect, Place } from '../../local/taskcluster/world.ts';
import type { Image } from '../../src/domain/image.ts';
import type { Builds } from '../../src/ports.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { Revision, type TaskId } from '../../src/domain/reference.ts';
import {
  image,
  reasonOf,
  revision,
  setting,
  shortTimeouts,
  someBytes,
  unbound,
} from '../helpers/taskcluster/setting.ts';

const given = setting();
const archive = someBytes(1000);
const json = 'application/json';

type Wrong = Effect & { readonly times?: number };

/** The answers that `verify` and `find` go by, and how each is asked for. */
interface Answer {
  readonly at: Place;
  readonly path?: string;
  readonly byCommit?: true;
}
const answers: Readonly<Record<string, Answer>> = {
  'the status': { at: 'queue', path: '/status' },
  'the definition': { at: 'queue', path: '/task/' },
  'the artifact’s facts': { at: 'queue', path: '/artifact-info/public/image' },
  'the index': { at: 'index', path: '.decision', byCommit: true },
};

const nonsense: Readonly<Record<string, Wrong>> = {
  'an HTML page': { fault: 'text', text: '<html>maintenance</html>' },
  nothing: { fault: 'text', text: '', type: json },
  'broken JSON': { fault: 'text', text: '{"status":', type: json },
  'JSON of another shape': { fault: 'text', text: '{"status":{"runs":"none"}}', type: json },
  'a list': { fault: 'text', text: '[]', type: json },
  null: { fault: 'text', text: 'null', type: json },
  'a key twice': { fault: 'text', text: '{"taskId":"a","taskId":"b"}', type: json },
  __proto__: { fault: 'text', text: '{"__proto__":{"status":{}}}', type: json },
  'a thousand levels': { fault: 'text', text: '['.repeat(1000) + ']'.repeat(1000), type: json },
  'more than 4 MiB': { fault: 'text', text: `"${'x'.repeat(4 * 1024 ** 2)}"`, type: json },
  'bytes that are no text': { fault: 'text', text: Buffer.from([0x22, 0xff, 0x22]), type: json },
  'a redirect': { fault: 'redirect', to: 'https://evil.example/' },
  '403': { fault: 'status', status: 403 },
  '204': { fault: 'status', status: 204 },
  'gzip that nobody asked for': {
    fault: 'status',
    status: 200,
    headers: { 'content-encoding': 'gzip' },
    body: 'x',
  },
};

describe.each(Object.entries(answers))('where %s', (_, { byCommit, ...answer }) => {
  /** Asks for it while it goes wrong so. */
  async function asked(fault: Wrong, timeouts = shortTimeouts): Promise<unknown> {
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    // The definition's path is the beginning of every other one: its fault comes second, after the status.
    if (answer.path === '/task/') taskcluster.faults.push({ ...answer, fault: 'none' });
    taskcluster.faults.push({ ...answer, ...fault });
    const by = builds({ timeouts });
    // Of the image's task alone: its decision task is asked the same.
    return byCommit ? findByCommit(by) : by.verify(unbound, taskId);
  }
  const outcome = (fault: Wrong): Promise<Reason | undefined> => reasonOf(asked(fault));

  /** How often it was asked for. */
  function requests(): number {
    const isIt = (path: string): boolean =>
      answer.path === '/task/' ? /^\/task\/[^/]+$/.test(path) : path.includes(answer.path ?? '');
    return given().taskcluster.requests.filter(({ at, path }) => at === answer.at && isIt(path))
      .length;
  }

  it.each(Object.entries(nonsense))('is %s, that is nonsense', async (name, fault) => {
    const another = name === 'JSON of another shape' && answer.path === '/task/';
    expect(await outcome(fault)).toBe(another ? 'bad-definition' : 'taskcluster-nonsense');
  });

  it('is 401, the credentials are what is looked at', async () => {
    expect(await outcome({ fault: 'status', status: 401 })).toBe('taskcluster-credentials');
  });

  it('is 5xx or 429 or cut off once, it is asked again', async () => {
    expect(await outcome({ fault: 'status', status: 502 })).toBeUndefined();
    expect(await outcome({ fault: 'status', status: 429 })).toBeUndefined();
    expect(await outcome({ fault: 'cut', after: 10 })).toBeUndefined();
  });

  it.each([
    ['is 500', { fault: 'status', status: 500, times: 99 }, 'status 500'],
    ['is cut off', { fault: 'cut', after: 10, times: 99 }, 'the connection broke'],
  ] as const)('%s every time, that is told after five tries', async (_, fault, problem) => {
    await expect(asked(fault)).rejects.toThrow(
      new RegExp(
        `^Taskcluster did not answer the request for .+: ${problem}\\. Try again in a few minutes\\.$`,
      ),
    );
    expect(requests()).toBe(5);
  });

  it.each([
    ['3600', '3600'],
    ['99999999999999999999', '3162240000'],
    ['Fri, 31 Dec 2049 23:59:59 GMT', '\\d{9}'],
  ])(
    'is 429 with a Retry-After of %s, that is told and not waited for',
    async (header, seconds) => {
      const headers = { 'retry-after': header };
      await expect(asked({ fault: 'status', status: 429, headers })).rejects.toThrow(
        new RegExp(
          `^Taskcluster did not answer the request for .+: status 429, and it asks to wait ${seconds} s\\. Try again in a few minutes\\.$`,
        ),
      );
      expect(requests()).toBe(1);
    },
  );

  it('is 429 until a date that is near, it is asked again then', async () => {
    const headers = { 'retry-after': new Date(Date.now() + 2000).toUTCString() };
    const patient = { ...shortTimeouts, longestPause: 4000 };
    const work = asked({ fault: 'status', status: 429, headers }, patient);
    expect(await reasonOf(work)).toBeUndefined();
    // A timer may be early by a millisecond.
    expect(Date.now()).toBeGreaterThan(Date.parse(headers['retry-after']) - 50);
    expect(requests()).toBe(2);
  });
});

function findByCommit(builds: Builds, of: Image = image): Promise<unknown> {
  return builds.find(of, { by: 'revision', revision: Revision.parse(revision) });
}

describe('an answer that is right but for one thing', () => {
  async function instead(
    path: string,
    change: (text: string) => string,
  ): Promise<Reason | undefined> {
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    const url = `${taskcluster.rootUrl}/api/queue/v1/task/${taskId}${path}`;
    const text = change(await (await fetch(url)).text());
    taskcluster.faults.push({ at: 'queue', path, fault: 'text', text, type: json });
    return reasonOf(builds().verify(image, taskId));
  }

  it('is taken up to 4 MiB, and not beyond', async () => {
    const padded = (mebibytes: number) => (text: string) =>
      text + ' '.repeat(mebibytes * 1024 ** 2);
    expect(await instead('/status', padded(3))).toBeUndefined();
    expect(await instead('/status', padded(4))).toBe('taskcluster-nonsense');
  });

  it('is not taken where it is about another artifact', async () => {
    const info = '/runs/0/artifact-info/public/image.tar.zst';
    expect(await instead(info, (text) => text)).toBeUndefined();
    expect(await instead(info, (text) => text.replace('image.tar', 'other.tar'))).toBe(
      'artifact-storage',
    );
  });
});

it('an answer that is no use is told with what was asked and what is missing', async () => {
  const { builds, publish, taskcluster } = given();
  const { taskId } = await publish({ archive });
  taskcluster.faults.push({ at: 'queue', path: '/status', fault: 'text', text: '{}', type: json });
  await expect(builds().verify(image, taskId)).rejects.toThrow(
    `Taskcluster’s answer to the request for the status of ${taskId} cannot be used: status is missing. Try again; if it stays so, ask the Taskcluster team.`,
  );
});

describe('a small artifact', () => {
  async function outcome(name: string, ...faults: readonly Wrong[]): Promise<Reason | undefined> {
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    for (const fault of faults) taskcluster.faults.push({ at: 'storage', path: name, ...fault });
    if (name.includes('label')) return reasonOf(findByCommit(builds()));
    return reasonOf(builds().verify(image, taskId));
  }

  const certificate = 'chain-of-trust.json';
  const labels = 'label-to-taskid.json';

  it.each([
    [certificate, { fault: 'text', text: '{}' }, 'bad-signature'],
    [certificate, { fault: 'text', text: '' }, 'bad-signature'],
    [certificate, { fault: 'text', text: '<html>maintenance</html>' }, 'bad-signature'],
    [certificate, { fault: 'text', text: Buffer.alloc(5 * 1024 ** 2) }, 'artifact-too-large'],
    [certificate, { fault: 'status', status: 404 }, 'no-chain-of-trust'],
    [certificate, { fault: 'status', status: 416 }, 'taskcluster-nonsense'],
    [certificate, { fault: 'partial' }, 'taskcluster-nonsense'],
    [certificate, { fault: 'encoding', encoding: 'br' }, 'artifact-encoding'],
    [certificate, { fault: 'encoding', encoding: 'gzip, gzip' }, 'artifact-encoding'],
    [certificate, { fault: 'redirect', to: 'https://192.168.0.1/' }, 'artifact-host'],
    [certificate, { fault: 'redirect', times: 99 }, 'taskcluster-nonsense'],
    [certificate, { fault: 'status', status: 500, times: 99 }, 'taskcluster-unreachable'],
    [labels, { fault: 'text', text: '{}' }, 'no-image-task'],
    [labels, { fault: 'text', text: '[]' }, 'taskcluster-nonsense'],
    [
      labels,
      { fault: 'text', text: '{"docker-image-build-decision":"../x"}' },
      'taskcluster-nonsense',
    ],
    [labels, { fault: 'text', text: '{"a":"1","a":"2"}' }, 'taskcluster-nonsense'],
    [labels, { fault: 'status', status: 404 }, 'no-label-map'],
    [labels, { fault: 'text', text: Buffer.alloc(5 * 1024 ** 2) }, 'artifact-too-large'],
  ] as const)('%s that is %j is refused: %s', async (name, fault, reason) => {
    expect(await outcome(name, fault)).toBe(reason);
  });

  it('that unpacks to more than it may is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 ** 2));
    expect(bomb.length).toBeLessThan(100_000);
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    const artifacts = taskcluster.tasks.get(taskId)?.artifacts.get(0);
    const name = 'public/chain-of-trust.json';
    const signed = artifacts?.get(name);
    if (!signed || !('content' in signed)) throw new Error('no certificate');
    artifacts?.set(name, { ...signed, content: bomb });
    expect(await reasonOf(builds().verify(image, taskId))).toBe('artifact-too-large');
  });

  it('that says gzip and is none is refused', async () => {
    expect(await outcome(certificate, { fault: 'encoding', encoding: 'deflate' })).toBe(
      'artifact-encoding',
    );
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    const artifacts = taskcluster.tasks.get(taskId)?.artifacts.get(0);
    const signed = artifacts?.get('public/chain-of-trust.json');
    if (!signed || !('content' in signed)) throw new Error('no certificate');
    artifacts?.set(signed.name, { ...signed, content: Buffer.from('{}') });
    expect(await reasonOf(builds().verify(image, taskId))).toBe('artifact-encoding');
  });

  it('is read again after a cut, 429 or 503', async () => {
    const again: readonly Wrong[] = [
      { fault: 'cut', after: 3 },
      { fault: 'status', status: 429 },
      { fault: 'status', status: 503 },
      { fault: 'status', status: 403 },
    ];
    expect(await outcome(certificate, ...again)).toBeUndefined();
    expect(await outcome(labels, ...again)).toBeUndefined();
  });
});

describe('a Taskcluster that is not there', () => {
  it('is unreachable', async () => {
    const { taskId } = await given().publish({ archive });
    const builds = given().builds({ rootUrl: 'http://127.0.0.1:1' });
    expect(await reasonOf(builds.verify(image, taskId))).toBe('taskcluster-unreachable');
  });

  it('is unreachable where it accepts connections and says nothing', async () => {
    const { taskId } = await given().publish({ archive });
    await withSilentServer(async (port) => {
      const began = Date.now();
      for (const rootUrl of [`http://127.0.0.1:${port}`, `https://127.0.0.1:${port}`]) {
        const builds = given().builds({ rootUrl, timeouts: { ...shortTimeouts, answer: 400 } });
        expect(await reasonOf(builds.verify(image, taskId))).toBe('taskcluster-unreachable');
      }
      expect(Date.now() - began).toBeLessThan(3000);
    });
  });

  it('is unreachable where the server speaks something else', async () => {
    const { taskId } = await given().publish({ archive });
    await withServer(
      createServer((socket) => socket.end('220 smtp ready\r\n')),
      async (port) => {
        for (const rootUrl of [`http://127.0.0.1:${port}`, `https://127.0.0.1:${port}`]) {
          expect(await reasonOf(given().builds({ rootUrl }).verify(image, taskId))).toBe(
            'taskcluster-unreachable',
          );
        }
      },
    );
  });

  it('is asked five times with pauses, not more', async () => {
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    taskcluster.faults.push({
      at: 'queue',
      path: '/status',
      fault: 'status',
      status: 500,
      times: 99,
    });
    const began = Date.now();
    await reasonOf(builds({ timeouts: { ...shortTimeouts, pause: 20 } }).verify(image, taskId));
    const asked = taskcluster.requests.filter(({ path }) => path.endsWith('/status')).length;
    expect(asked).toBe(5);
    expect(Date.now() - began).toBeGreaterThan(20 * (1 + 2 + 4 + 8) * 0.7);
  });

  it('is waited for as long as it asks', async () => {
    const { builds, publish, taskcluster } = given();
    const { taskId } = await publish({ archive });
    const headers = { 'retry-after': '1' };
    taskcluster.faults.push({
      at: 'queue',
      path: '/status',
      fault: 'status',
      status: 429,
      headers,
    });
    const began = Date.now();
    const patient = builds({ timeouts: { ...shortTimeouts, longestPause: 2000 } });
    expect(await reasonOf(patient.verify(image, taskId))).toBeUndefined();
    expect(Date.now() - began).toBeGreaterThanOrEqual(950);
  });
});

describe('answers that change between two questions', () => {
  async function afterwards(change: (taskId: TaskId) => void): Promise<Reason | undefined> {
    const { builds, publish } = given();
    const { taskId } = await publish({ archive });
    expect(await reasonOf(builds().verify(image, taskId))).toBeUndefined();
    change(taskId);
    return reasonOf(builds().verify(image, taskId));
  }

  it('are noticed: the task was run again', async () => {
    const reason = await afterwards((taskId) => {
      const task = given().taskcluster.tasks.get(taskId);
      if (!task) throw new Error('no task');
      const [run] = task.status.runs;
      const runs = run ? [run, { ...run, runId: 1, reasonCreated: 'rerun' }] : [];
      task.status = { ...task.status, runs };
    });
    expect(reason).toBe('no-chain-of-trust');
  });

  it('are noticed: the task is gone', async () => {
    const reason = await afterwards((taskId) => given().taskcluster.tasks.delete(taskId));
    expect(reason).toBe('unknown-task');
  });
});

function withSilentServer(work: (port: number) => Promise<void>): Promise<void> {
  return withServer(
    createServer((socket) => socket.on('error', () => {})),
    work,
  );
}

async function withServer(server: Server, work: (port: number) => Promise<void>): Promise<void> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
