import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage, type LocalImage } from '../../local/image.ts';
import { makeLayer } from '../../local/layer.ts';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { createDockerEngine } from '../../src/docker/engine.ts';
import { besideEngine } from '../../src/registry/beside-engine.ts';
import { engineName } from '../../src/docker/name.ts';
import { fail, PromotionError, refuse } from '../../src/domain/errors.ts';
import { pushPlainly, smallImage } from '../helpers/registry/image.ts';
import { events, json, startFakeEngine, type FakeEngine } from '../helpers/docker/engine-api.ts';
import { account, pushOf, type PushSetting } from '../helpers/docker/setting.ts';

const bot = account('relbot', 'cAnArY-5e1f');
const basic = `Basic ${Buffer.from('relbot:cAnArY-5e1f').toString('base64')}`;
const target = { name: 'mozillareleases/test', tag: 'v1' };

let registry: LocalRegistry;
let fake: FakeEngine;
let image: LocalImage;

beforeEach(async () => {
  registry = await startRegistry({ accounts: { relbot: 'cAnArY-5e1f' } });
  fake = await startFakeEngine(registry.url);
  image = makeImage(
    [await makeLayer({ base: 'x' }), await makeLayer({ app: randomBytes(300_000) })],
    { name: 'decision:latest' },
  );
});
afterEach(async () => {
  await fake.close();
  await registry.close();
});

function setting(more: Partial<PushSetting> = {}) {
  return pushOf({ image, target, credentials: bot, ...more });
}

/** Milliseconds that the engine gets. */
interface Times {
  readonly idle?: number;
  readonly answer?: number;
}

function engine(times: Times = {}) {
  const timing = { attempts: 1, backoff: 1 };
  return createDockerEngine({
    dockerHost: fake.host,
    registry: besideEngine({ url: registry.url, timing }),
    limits: { unpacked: 1024 ** 2 },
    ...times,
  });
}

async function failure(more?: Partial<PushSetting>, times?: Times): Promise<PromotionError> {
  return failureOf(engine(times)(setting(more).push));
}

async function failureOf(work: Promise<unknown>): Promise<PromotionError> {
  const error = await work.then(
    () => new Error('It did not fail'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PromotionError)) throw error;
  expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('cAnArY');
  // What, why, what next: one short paragraph of whole sentences.
  expect(error.message).toMatch(/^[^\n]{10,300}[.:] [A-Z][^\n]*\.$/);
  return error;
}

const tagged = () => registry.store.repositories.get(target.name)?.tags.get(target.tag);
const pushes = () => fake.requests.filter((line) => line.endsWith('/push'));

describe('the docker engine', () => {
  it('publishes the image and gives what the registry holds', async () => {
    const { push, ledger, progress } = setting();
    const pushed = await engine()(push);
    const loaded = image.layers.map(({ diffId }) => diffId);
    expect(pushed.layers.map(({ diffId, how }) => [diffId, how])).toEqual(
      loaded.map((diffId) => [diffId, 'sent']),
    );
    expect(pushed.compressor).toBe('docker 99.0, gzip');
    // What the engine says of its own layers is no knowledge of ours.
    expect(ledger).toEqual([]);
    expect(progress.map(({ step }) => step)).toEqual(
      expect.arrayContaining(['download', 'layer', 'read-back']),
    );
    expect(progress.at(-1)?.layers.map(({ state }) => state)).toEqual(['sent', 'sent']);
  });

  it('leaves nothing in the engine, and never sets a tag that the archive brings along', async () => {
    const seen: string[][] = [];
    fake.tags.set('decision:latest', 'sha256:somebody’s');
    await engine()(setting({ onProgress: () => seen.push([...fake.tags.keys()]) }).push);
    await expect.poll(() => fake.images.size).toBe(0);
    expect([...fake.tags]).toEqual([['decision:latest', 'sha256:somebody’s']]);
    expect(new Set(seen.flat())).toEqual(
      new Set(['decision:latest', `${registry.host}/${target.name}:${target.tag}`]),
    );
  });

  it('asks before the engine pushes, when it has the whole image; where it may not, nothing is pushed', async () => {
    const seen: number[][] = [];
    const beforeTag = async () => void seen.push([fake.images.size, pushes().length]);
    await engine()(setting({ beforeTag }).push);
    expect(seen).toEqual([[1, 0]]);
    registry.store.repositories.clear();
    const before = pushes().length;
    const refusing = { beforeTag: async () => fail('interrupted', {}) };
    expect(await failure(refusing)).toMatchObject({ reason: 'interrupted' });
    expect(pushes().length).toBe(before);
    expect(tagged()).toBeUndefined();
    expect([fake.tags.size, fake.images.size]).toEqual([0, 0]);
  });

  it('leaves nothing in the engine when the push fails either', async () => {
    fake.instead.push = (response) => void (events(response, { error: 'boom' }), response.end());
    expect(await failure()).toMatchObject({ reason: 'docker-failed', facts: { problem: 'boom' } });
    expect([fake.tags.size, fake.images.size]).toEqual([0, 0]);
  });

  it('puts back an image and a tag of the same name that the engine had', async () => {
    const name = `${registry.host}/${target.name}:${target.tag}`;
    fake.images.set('sha256:old', smallImage());
    fake.tags.set(name, 'sha256:old');
    await engine()(setting().push);
    await expect.poll(() => [...fake.images.keys()]).toEqual(['sha256:old']);
    expect([...fake.tags]).toEqual([[name, 'sha256:old']]);
  });

  it('keeps an image that somebody tagged meanwhile', async () => {
    fake.instead.push = () => {
      fake.tags.set('theirs:v1', image.imageId);
      return 'go on';
    };
    await engine()(setting().push);
    await expect.poll(() => [...fake.tags]).toEqual([['theirs:v1', image.imageId]]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([...fake.images.keys()]).toEqual([image.imageId]);
  });

  it('has one image at a time, and goes on after a failure', async () => {
    const both = engine();
    const tags: number[] = [];
    let refused = 0;
    fake.instead.push = async (response) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      tags.push(fake.tags.size);
      if ((refused += 1) > 1) return 'go on';
      return void (events(response, { error: 'boom' }), response.end());
    };
    const of = (tag: string) => both(setting({ target: { ...target, tag } }).push);
    const outcomes = await Promise.allSettled([of('v1'), of('v2'), of('v3')]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(tags).toEqual([1, 1, 1]);
  });

  it('keeps an image that the engine had already', async () => {
    fake.images.set(image.imageId, smallImage());
    fake.tags.set('mine:v1', image.imageId);
    await engine()(setting().push);
    await expect.poll(() => [...fake.tags]).toEqual([['mine:v1', image.imageId]]);
    expect([...fake.images.keys()]).toEqual([image.imageId]);
  });

  it('prints no password with DEBUG=*', async () => {
    const script = fileURLToPath(new URL('../helpers/docker/push-once.ts', import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [script, fake.host, registry.url, bot.username],
      { env: { DEBUG: '*', PASSWORD: bot.password.reveal() } },
    );
    const sent = Buffer.from(fake.auths[0] ?? '').toString('base64');
    expect(fake.auths[0]).toContain('cAnArY');
    expect(stderr).toContain('X-Registry-Auth');
    expect(stdout + stderr).not.toContain('cAnArY');
    expect(stdout + stderr).not.toContain(sent.slice(8, -8));
  });

  it('gives the engine the password in a header and nowhere else', async () => {
    await engine()(setting().push);
    expect(fake.auths.map((auth) => JSON.parse(auth))).toEqual([
      { username: 'relbot', password: 'cAnArY-5e1f', serveraddress: registry.host },
    ]);
    expect(fake.requests.join()).not.toContain('cAnArY');
  });

  it('starts over for gzip layers, whose size is known only at their end', async () => {
    const gzip = setting({ layout: 'docker-25', layers: 'gzip' });
    await engine()(gzip.push);
    expect(gzip.opened()).toBe(3);
    await expect.poll(() => fake.images.size).toBe(0);
  });
});

describe('before anything is downloaded', () => {
  it('a wrong password is refused, in no time', async () => {
    const start = performance.now();
    const wrong = setting({ credentials: account('relbot', 'wrong') });
    await expect(engine()(wrong.push)).rejects.toMatchObject({ reason: 'registry-credentials' });
    expect(performance.now() - start).toBeLessThan(1000);
    expect([wrong.opened(), fake.requests.length]).toEqual([0, 0]);
  });

  it('an account that may not push is refused', async () => {
    registry.faults.add('start', { fault: 'answer', status: 403 });
    expect(await failure()).toMatchObject({ reason: 'registry-denied' });
    expect(fake.requests).toEqual([]);
  });

  it('a tag that holds another image is refused', async () => {
    const other = smallImage();
    await pushPlainly({ url: registry.url, ...target, authorization: basic }, other);
    expect(await failure()).toMatchObject({
      reason: 'tag-taken',
      facts: { target: 'mozillareleases/test:v1', digest: other.digest },
    });
    expect(fake.requests).toEqual([]);
  });

  it('a tag that holds this very image is success', async () => {
    const first = await engine()(setting().push);
    const again = setting();
    expect(await engine()(again.push)).toMatchObject({ digest: first.digest, sent: 0 });
    expect(again.opened()).toBe(0);
  });

  it('an engine whose socket is missing is told', async () => {
    await fake.close();
    expect(await failure()).toMatchObject({
      reason: 'docker-unreachable',
      message: expect.stringMatching(/Check DOCKER_HOST and the engine, then press Retry\.$/),
    });
  });

  it.each([
    ['no JSON', (response: ServerResponse) => response.end('<html>')],
    ['no version', (response: ServerResponse) => json(response, 200, {})],
  ])('what is no Docker engine is told: %s', async (_, answer) => {
    fake.instead.version = answer;
    expect(await failure()).toMatchObject({
      reason: 'docker-nonsense',
      facts: { what: 'the question for its version' },
    });
    expect(fake.requests).toEqual(['GET /version']);
  });

  it('an engine that says nothing is told in bounded time', async () => {
    fake.instead.version = () => undefined;
    fake.instead.load = () => undefined;
    const start = performance.now();
    expect(await failure({}, { answer: 300 })).toMatchObject({ reason: 'docker-unreachable' });
    expect(performance.now() - start).toBeLessThan(3000);
  });
});

describe('nothing is tagged or pushed', () => {
  const expectNothing = () => {
    expect(fake.requests.filter((line) => /\/(tag|push)$/.test(line))).toEqual([]);
    expect(fake.images.size).toBe(0);
    expect(tagged()).toBeUndefined();
  };

  it('where the artifact’s bytes turn out wrong at their very end', async () => {
    const wrong = new PromotionError(refuse('artifact-hash', { artifact: 'a', task: 'b' }));
    const error = await failure({
      async *through(bytes) {
        yield* bytes;
        throw wrong;
      },
    });
    expect(error).toBe(wrong);
    expectNothing();
  });

  it('where the archive is damaged', async () => {
    const error = await failure({
      async *through(bytes) {
        const all = Buffer.concat(await Array.fromAsync(bytes));
        yield all.subarray(0, all.length - 100);
      },
    });
    expect(error.reason).toMatch(/^archive-/);
    expectNothing();
  });

  it('where the archive is too large', async () => {
    const large = makeImage([await makeLayer({ zeros: new Uint8Array(2 * 1024 ** 2) })]);
    expect(await failure({ image: large })).toMatchObject({ reason: 'archive-too-large' });
    expectNothing();
  });

  it('where the archive holds another image than was approved', async () => {
    const { push } = setting();
    const other = makeImage([await makeLayer({ other: 'y' })]);
    const { open } = setting({ image: other }).push;
    await expect(engine()({ ...push, open })).rejects.toMatchObject({
      reason: 'changed-image',
      facts: { got: other.imageId, want: image.imageId },
    });
    expectNothing();
  });

  it.each([
    ['an error', [{ errorDetail: { message: 'no space left on device' } }], 'docker-failed'],
    ['nothing', [], 'docker-nonsense'],
    ['another image', [{ stream: `Loaded image ID: sha256:${'0'.repeat(64)}\n` }], 'docker-image'],
    ['a name', [{ stream: 'Loaded image: decision:latest\n' }], 'docker-nonsense'],
    ['garbage', ['<html>\n'], 'docker-nonsense'],
  ])('where the engine says of the load: %s', async (_, lines, reason) => {
    fake.instead.load = async (response, request) => {
      await Array.fromAsync(request);
      events(response, ...lines);
      response.end();
    };
    expect(await failure()).toMatchObject({ reason });
    expectNothing();
  });

  it.each([
    ['the approved one twice', () => image.imageId],
    ['the approved one and another one', () => `sha256:${'0'.repeat(64)}`],
  ])('where the engine loads two images: %s', async (_, second) => {
    fake.instead.load = async (response, request) => {
      await Array.fromAsync(request);
      const ids = [image.imageId, second()];
      events(response, ...ids.map((id) => ({ stream: `Loaded image ID: ${id}\n` })));
      response.end();
    };
    expect(await failure()).toMatchObject({
      reason: 'docker-nonsense',
      facts: { problem: 'it loaded 2 images' },
    });
    expectNothing();
  });

  it('where the engine answers before it has the whole image', async () => {
    fake.instead.load = (response) => {
      events(response, { stream: `Loaded image ID: ${image.imageId}\n` });
      response.end();
    };
    const slow = async function* (bytes: AsyncIterable<Uint8Array>) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      yield* bytes;
    };
    expect(await failure({ through: slow })).toMatchObject({ reason: 'docker-nonsense' });
    expectNothing();
  });

  it('where the engine refuses the load', async () => {
    fake.instead.load = (response) => json(response, 500, { message: 'disk\nfull' });
    expect(await failure()).toMatchObject({
      reason: 'docker-failed',
      facts: { what: 'load the image', problem: 'disk full' },
    });
    expectNothing();
  });

  it('where the engine hangs up during the load', async () => {
    fake.instead.load = (_, request) => void request.once('data', () => request.destroy());
    expect(await failure()).toMatchObject({ reason: 'docker-unreachable' });
    expectNothing();
  });

  it('where the engine stands still during the load', async () => {
    fake.instead.load = () => undefined;
    expect(await failure({}, { idle: 300 })).toMatchObject({
      reason: 'docker-unreachable',
      facts: { problem: 'nothing came for 0.3 s' },
    });
    expectNothing();
  });

  it('after the tag was taken meanwhile', async () => {
    const other = smallImage();
    fake.instead.tag = async (response) => {
      await pushPlainly({ url: registry.url, ...target, authorization: basic }, other);
      json(response, 201, {});
    };
    expect(await failure()).toMatchObject({
      reason: 'changed-tag',
      facts: { digest: other.digest },
    });
    expect(pushes()).toEqual([]);
    expect(fake.images.size).toBe(0);
  });
});

describe('a push is a failure', () => {
  const digest = `sha256:${'1'.repeat(64)}`;
  const line = (tag: string, of = digest) => ({ status: `${tag}: digest: ${of} size: 5` });

  it.each([
    ['that just ends', [{ status: 'Pushed', id: 'a' }], 'docker-nonsense'],
    ['with a digest of another tag', [line('v2')], 'docker-nonsense'],
    ['with a record of another tag', [{ aux: { Tag: 'v2', Digest: digest } }], 'docker-nonsense'],
    [
      'with two digests',
      [line('v1'), { aux: { Tag: 'v1', Digest: `sha256:${'2'.repeat(64)}` } }],
      'docker-nonsense',
    ],
    ['with a digest that is none', [line('v1', 'sha256:xyz')], 'docker-nonsense'],
    ['with an error after the digest', [line('v1'), { error: 'late' }], 'docker-failed'],
    ['with an error without a line break', ['{"error":"late"}'], 'docker-failed'],
    [
      'refused by the registry',
      [{ error: 'unauthorized: authentication required' }],
      'registry-credentials',
    ],
    ['without credentials', [{ error: 'no basic auth credentials' }], 'registry-credentials'],
    [
      'denied by the registry',
      [{ error: 'denied: requested access to the resource is denied' }],
      'registry-denied',
    ],
    ['for want of quota', [{ error: 'toomanyrequests: Rate exceeded' }], 'registry-quota'],
    [
      'for want of quota, as containerd says it',
      [{ error: 'unexpected status from PUT request to https://r/v2/: 429 Too Many Requests' }],
      'registry-quota',
    ],
    [
      'for want of quota, which is no matter of the credentials',
      [{ errorDetail: { message: 'toomanyrequests: too many failed logins: unauthorized' } }],
      'registry-quota',
    ],
    ['that claims what is not there', [line('v1')], 'registry-nonsense'],
  ])('%s', async (_, lines, reason) => {
    fake.instead.push = (response) => {
      events(response, ...lines);
      response.end();
    };
    expect(await failure()).toMatchObject({ reason });
    expect([fake.tags.size, fake.images.size]).toEqual([0, 0]);
  });

  it('whose digest is another one on the registry', async () => {
    fake.instead.push = async (response) => {
      const loaded = fake.images.get(image.imageId) ?? smallImage();
      await pushPlainly({ url: registry.url, ...target, authorization: basic }, loaded);
      events(response, line('v1'));
      response.end();
    };
    expect(await failure()).toMatchObject({ reason: 'read-back-digest', facts: { want: digest } });
  });

  it('whose image is another one on the registry', async () => {
    const other = smallImage();
    fake.instead.push = async (response) => {
      await pushPlainly({ url: registry.url, ...target, authorization: basic }, other);
      events(response, line('v1', other.digest));
      response.end();
    };
    expect(await failure()).toMatchObject({ reason: 'read-back-config' });
  });

  it('that the registry refuses while the engine tries again and again', async () => {
    fake.instead.push = (response) => {
      registry.faults.add('start', { fault: 'answer', status: 403 });
      events(response, { status: 'Retrying in 5 seconds', id: 'a' });
    };
    const start = performance.now();
    expect(await failure()).toMatchObject({ reason: 'registry-denied' });
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('but not one that goes well when it is tried again', async () => {
    fake.instead.push = async (response) => {
      events(response, { status: 'Retrying in 1 second', id: 'a' });
      await new Promise((resolve) => setTimeout(resolve, 100));
      return 'go on';
    };
    await engine()(setting().push);
    expect(tagged()).toBeDefined();
  });

  it.each([
    ['before it says anything', []],
    ['in the middle', [{ status: 'Pushing', id: 'a' }]],
    ['in the middle of a character', ['{"status":"Größe']],
    ['after the digest', [line('v1')]],
  ])('whose engine restarts %s', async (_, lines) => {
    fake.instead.push = async (response) => {
      events(response, ...lines);
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.socket?.destroy();
    };
    expect(await failure()).toMatchObject({ reason: 'docker-unreachable' });
    expect(tagged()).toBeUndefined();
  });

  it('whose engine stands still in the middle', async () => {
    fake.instead.push = (response) => events(response, { status: 'Pushing', id: 'a' });
    expect(await failure({}, { idle: 300 })).toMatchObject({
      reason: 'docker-unreachable',
      facts: { problem: 'nothing came for 0.3 s' },
    });
  });

  it('whose engine sends a line of 100 MB: the connection is cut long before', async () => {
    let sent = 0;
    fake.instead.push = async (response) => {
      const mebibyte = Buffer.alloc(1024 ** 2, 'x');
      response.write('{"status":"');
      for (; sent < 100 && !response.destroyed; sent += 1) {
        if (response.write(mebibyte)) continue;
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
      }
    };
    expect(await failure()).toMatchObject({ reason: 'docker-nonsense' });
    expect(sent).toBeLessThan(20);
  });

  it.each([
    ['cut in two', Buffer.from('{"error":"denied: größer"}\n'), 'registry-denied'],
    ['that is none', Buffer.from('{"status":"gr\xff"}\n', 'latin1'), 'docker-nonsense'],
  ])('whose engine sends a character %s', async (_, bytes, reason) => {
    fake.instead.push = async (response) => {
      const at = bytes.findIndex((byte) => byte > 127) + 1;
      response.write(bytes.subarray(0, at));
      await new Promise((resolve) => setTimeout(resolve, 20));
      response.end(bytes.subarray(at));
    };
    expect(await failure()).toMatchObject({ reason });
  });

  it('that was stopped by us', async () => {
    const stop = new AbortController();
    fake.instead.push = () => stop.abort();
    expect(await failure({ signal: stop.signal })).toMatchObject({ reason: 'interrupted' });
    expect([fake.tags.size, fake.images.size]).toEqual([0, 0]);
  });
});

describe('an engine that freezes', () => {
  const times = { idle: 800, answer: 400 };
  const other = { ...target, tag: 'v2' };

  it.each([
    ['before all', 'version', 'the question for its version', 0.4],
    ['before the load', 'json', 'the question for its images', 0.4],
    ['at the load', 'load', 'the load', 0.8],
    ['at the tag', 'tag', 'the tag', 0.4],
    ['at the push', 'push', 'the push', 0.8],
  ] as const)('%s is told in bounded time', async (_, at, what, seconds) => {
    fake.instead[at] = () => fake.freeze();
    const start = performance.now();
    expect(await failure({}, times)).toMatchObject({
      reason: 'docker-unreachable',
      facts: { what, problem: `nothing came for ${seconds} s` },
    });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('is told in bounded time where it answers everything by half from then on', async () => {
    const half = (response: ServerResponse) => void response.writeHead(200).write('{');
    fake.instead.push = (response) => {
      fake.instead.json = half;
      fake.instead['test:v1'] = half;
      half(response);
    };
    const start = performance.now();
    expect(await failure({}, times)).toMatchObject({ reason: 'docker-unreachable' });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('is not asked any more once it was given up', async () => {
    fake.instead.push = () => fake.freeze();
    await failure({}, times);
    const asked = fake.requests.length;
    fake.thaw();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fake.requests.slice(asked)).toEqual([]);
  });

  it('carries the next image once it answers again', async () => {
    const one = engine(times);
    fake.instead.push = () => fake.freeze();
    await failureOf(one(setting().push));
    expect(await failureOf(one(setting().push))).toMatchObject({ reason: 'docker-unreachable' });
    fake.thaw();
    delete fake.instead.push;
    await one(setting().push);
    expect(tagged()).toBeDefined();
    await expect.poll(() => [fake.tags.size, fake.images.size]).toEqual([0, 0]);
  });

  it('after all was done spoils nothing, and holds up nobody for long', async () => {
    const one = engine(times);
    fake.instead.push = () => {
      fake.freeze();
      return 'go on';
    };
    await one(setting().push);
    expect(tagged()).toBeDefined();
    expect(await failureOf(one(setting({ target: other }).push))).toMatchObject({
      reason: 'docker-unreachable',
    });
    fake.thaw();
    delete fake.instead.push;
    await one(setting({ target: other }).push);
  });

  it('only while it is tidied hides no failure, and keeps nobody waiting', async () => {
    const one = engine(times);
    let isFailing = true;
    let isStuck = false;
    fake.instead.push = (response) => {
      isStuck = true;
      if (!isFailing) return 'go on';
      return void (events(response, { error: 'boom' }), response.end());
    };
    fake.instead.json = () => {
      const answer = isStuck ? undefined : 'go on';
      isStuck = false;
      return answer;
    };
    expect(await failureOf(one(setting().push))).toMatchObject({ facts: { problem: 'boom' } });
    isFailing = false;
    await one(setting().push);
    await one(setting({ target: other }).push);
    await expect.poll(() => [fake.tags.size, fake.images.size]).toEqual([0, 0]);
  });
});

describe('the engine’s name for a repository', () => {
  it.each([
    ['https://registry-1.docker.io', 'docker.io/a/b'],
    ['http://127.0.0.1:5000', '127.0.0.1:5000/a/b'],
    ['https://registry.example', 'registry.example/a/b'],
  ])('at %s is %s', (url, name) => {
    expect(engineName(url, 'a/b')).toBe(name);
  });
});
