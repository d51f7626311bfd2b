import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { imageArchive, makeImage, type LocalImage } from '../../local/image.ts';
import { makeLayer } from '../../local/layer.ts';
import { startTokenService } from '../../local/token-service.ts';
import { createDockerEngine } from '../../src/docker/engine.ts';
import { besideEngine } from '../../src/registry/beside-engine.ts';
import { PromotionError, refuse } from '../../src/domain/errors.ts';
import { account, pushOf } from '../helpers/docker/setting.ts';
import { startDockerRegistry, type DockerRegistry } from '../../local/rig/docker-registry.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';

const exec = promisify(execFile);
const bot = account('relbot', 'pa:ss w0rd/é');
const limits = { unpacked: 1024 ** 3 };

let dockerd: Dockerd;
let registry: DockerRegistry;
let count = 0;
let image: LocalImage;
let target: { name: string; tag: string };

beforeAll(async () => {
  dockerd = await startDockerd();
  const htpasswd = { user: bot.username, password: bot.password.reveal() };
  registry = await startDockerRegistry({ htpasswd });
});
afterAll(async () => {
  await registry?.close();
  await dockerd?.close();
});
beforeEach(async () => {
  count += 1;
  target = { name: 'mozillareleases/test', tag: `v${count}` };
  image = makeImage([
    await makeLayer({ 'etc/os-release': 'ID=test\n', 'bin/base': randomBytes(200_000) }),
    await makeLayer({ 'opt/app': randomBytes(3_000_000), 'opt/zeros': new Uint8Array(1_000_000) }),
    await makeLayer({ 'etc/motd': `image ${count}` }),
  ]);
});

const engine = () =>
  createDockerEngine({
    dockerHost: dockerd.host,
    registry: besideEngine({ url: registry.url }),
    limits,
  });

async function skopeo(): Promise<{ Digest: string; Layers: string[] }> {
  const at = `docker://${registry.host}/${target.name}:${target.tag}`;
  const creds = `--creds=${bot.username}:${bot.password.reveal()}`;
  const { stdout } = await exec('skopeo', ['inspect', '--tls-verify=false', creds, at]);
  return JSON.parse(stdout);
}

async function inEngine(): Promise<string[]> {
  const images = await dockerd.docker.listImages({ all: true });
  return images.map(({ Id }) => Id);
}

async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => error,
  );
}

describe('the docker engine, with a real engine and a real registry', () => {
  it.each([
    ['image_builder', 'plain', 1],
    ['docker-24', 'plain', 1],
    ['docker-25', 'plain', 1],
    ['docker-25', 'gzip', 3],
  ] as const)(
    'publishes an archive laid out by %s with %s layers',
    async (layout, layers, opened) => {
      const setting = pushOf({ image, target, credentials: bot, layout, layers });
      const pushed = await engine()(setting.push);

      const seen = await skopeo();
      expect(pushed.digest).toBe(seen.Digest);
      expect(pushed.layers.map(({ digest }) => digest)).toEqual(seen.Layers);
      expect(pushed.layers.map(({ diffId }) => diffId)).toEqual(image.layers.map((l) => l.diffId));
      expect(pushed.layers.map(({ how }) => how)).toEqual(['sent', 'sent', 'sent']);
      expect(pushed.sent).toBe(pushed.layers.reduce((sum, { size }) => sum + size, 0));
      expect(pushed.compressor).toMatch(/^docker 20\.10\.24\S*, gzip$/);
      // What the engine says of its own layers is no knowledge of ours.
      expect(setting.ledger).toEqual([]);
      expect(setting.opened()).toBe(opened);
      await expect.poll(inEngine).toEqual([]);
    },
  );

  it('is read back by another engine as the same image', async () => {
    await engine()(pushOf({ image, target, credentials: bot }).push);
    const at = `${registry.host}/${target.name}:${target.tag}`;
    const authconfig = { ...bot, password: bot.password.reveal(), serveraddress: registry.host };
    const pulled = await dockerd.docker.pull(at, { authconfig });
    await new Promise((resolve) => dockerd.docker.modem.followProgress(pulled, resolve));
    expect((await dockerd.docker.getImage(at).inspect()).Id).toBe(image.imageId);
    await dockerd.docker.getImage(at).remove();
  });

  it('does nothing where the tag holds this very image', async () => {
    const first = await engine()(pushOf({ image, target, credentials: bot }).push);
    const again = pushOf({ image, target, credentials: bot });
    expect(await engine()(again.push)).toMatchObject({ digest: first.digest, sent: 0 });
    expect(again.opened()).toBe(0);
  });

  it('sends only what the registry does not have', async () => {
    await engine()(pushOf({ image, target, credentials: bot }).push);
    const more = makeImage([...image.layers, await makeLayer({ new: randomBytes(1000) })]);
    const next = { ...target, tag: `${target.tag}-next` };
    const pushed = await engine()(pushOf({ image: more, target: next, credentials: bot }).push);
    expect(pushed.layers.map(({ how }) => how)).toEqual(['present', 'present', 'present', 'sent']);
  });

  it('never overwrites a tag', async () => {
    const first = await engine()(pushOf({ image, target, credentials: bot }).push);
    const other = makeImage([await makeLayer({ other: 'x' })]);
    const setting = pushOf({ image: other, target, credentials: bot });
    expect(await reasonOf(engine()(setting.push))).toMatchObject({
      reason: 'tag-taken',
      facts: { digest: first.digest },
    });
    expect(setting.opened()).toBe(0);
  });

  it('answers at once to a wrong password', async () => {
    const setting = pushOf({ image, target, credentials: account('relbot', 'wrong') });
    const start = performance.now();
    const error = await reasonOf(engine()(setting.push));
    expect(performance.now() - start).toBeLessThan(1000);
    expect(error).toMatchObject({ reason: 'registry-credentials' });
    expect(setting.opened()).toBe(0);
  });

  it('is not published where a layer is another than its name says: the engine hashes it, too', async () => {
    const [base, ...others] = image.layers;
    if (!base) throw new Error('The image has no layer');
    const { open } = await makeLayer({
      'etc/os-release': 'ID=test\n',
      'bin/base': randomBytes(200_000),
    });
    const before = await inEngine();
    const lying = { ...image, layers: [{ ...base, open }, ...others] };
    const { push } = pushOf({ image: lying, target, credentials: bot });
    await expect(engine()(push)).rejects.toMatchObject({
      reason: 'docker-failed',
      facts: { problem: expect.stringContaining('invalid diffID for layer 0') },
    });
    expect(await inEngine()).toEqual(before);
    await expect(skopeo()).rejects.toThrow('manifest unknown');
  });

  it('leaves images and tags of the engine as they were', async () => {
    const name = `${registry.host}/${target.name}`;
    const own = makeImage([await makeLayer({ own: `${count}` })]);
    const setting = pushOf({ image: own, target: { ...target, tag: 'own' }, credentials: bot });
    const load = await dockerd.docker.loadImage(
      Readable.from(imageArchive({ ...own, name: 'own:own' }, 'docker-24')),
    );
    await new Promise((resolve) => dockerd.docker.modem.followProgress(load, resolve));
    await dockerd.docker.getImage(own.imageId).tag({ repo: name, tag: target.tag });
    const ownTags = async () => (await dockerd.docker.getImage(own.imageId).inspect()).RepoTags;
    const before = await ownTags();

    await engine()(pushOf({ image, target, credentials: bot }).push);
    const ownAgain = async () =>
      (await dockerd.docker.getImage(`${name}:${target.tag}`).inspect()).Id;
    await expect.poll(ownAgain).toBe(own.imageId);
    await engine()(setting.push);
    await expect.poll(ownTags).toEqual(before);
    expect(await inEngine()).toEqual([own.imageId]);
    await dockerd.docker.getImage(own.imageId).remove({ force: true });
  });

  it('publishes nothing when the artifact turns out bad at its very end', async () => {
    const broken = new PromotionError(
      refuse('artifact-hash', { artifact: 'public/image.tar.zst', task: 'a' }),
    );
    const setting = pushOf({
      image,
      target,
      credentials: bot,
      async *through(bytes) {
        yield* bytes;
        throw broken;
      },
    });
    expect(await reasonOf(engine()(setting.push))).toBe(broken);
    await expect.poll(inEngine).toEqual([]);
    await expect(skopeo()).rejects.toThrow(/manifest unknown/);
  });
});

describe('the docker engine, with a token service as Docker Hub’s', () => {
  it.each([true, false])('publishes where the account may push: %s', async (allowed) => {
    const accounts = { [bot.username]: bot.password.reveal() };
    const tokens = await startTokenService({ accounts, mayPush: () => allowed });
    const guarded = await startDockerRegistry({ tokens });
    try {
      const { push, opened } = pushOf({ image, target, credentials: bot });
      const start = performance.now();
      const url = guarded.url;
      const through = createDockerEngine({
        dockerHost: dockerd.host,
        registry: besideEngine({ url }),
        limits,
      });
      const outcome = await through(push).catch((error: unknown) => error);
      if (allowed) {
        expect(outcome).toMatchObject({ digest: expect.stringMatching(/^sha256:/) });
      } else {
        expect(outcome).toMatchObject({ reason: 'registry-denied' });
        expect(performance.now() - start).toBeLessThan(1000);
        expect(opened()).toBe(0);
      }
    } finally {
      await guarded.close();
      await tokens.close();
    }
  });
});

describe('the docker engine, with an engine that dies', () => {
  it.each(['download', 'layer'] as const)('says so when it dies in the %s', async (step) => {
    const mortal = await startDockerd();
    try {
      const large = makeImage([await makeLayer({ big: randomBytes(40_000_000) })]);
      const { push } = pushOf({
        image: large,
        target,
        credentials: bot,
        onProgress: (progress) => {
          if (progress.step === step) process.kill(mortal.pid, 'SIGKILL');
        },
      });
      const dying = createDockerEngine({
        dockerHost: mortal.host,
        registry: besideEngine({ url: registry.url }),
        limits,
      });
      expect(await reasonOf(dying(push))).toMatchObject({ reason: 'docker-unreachable' });
      await expect(skopeo()).rejects.toThrow(/manifest unknown/);
    } finally {
      await mortal.close();
    }
  });

  it.each(['download', 'layer'] as const)(
    'says so in time when it freezes in the %s, and goes on once it is thawed',
    async (step) => {
      const frozen = await startDockerd();
      let isFrozen = false;
      try {
        const large = makeImage([await makeLayer({ big: randomBytes(40_000_000) })]);
        const { push } = pushOf({
          image: large,
          target,
          credentials: bot,
          onProgress: (progress) => {
            if (progress.step !== step || isFrozen) return;
            isFrozen = process.kill(frozen.pid, 'SIGSTOP');
          },
        });
        const freezing = createDockerEngine({
          dockerHost: frozen.host,
          registry: besideEngine({ url: registry.url }),
          limits,
          idle: 5000,
          answer: 2000,
        });
        const start = performance.now();
        expect(await reasonOf(freezing(push))).toMatchObject({
          reason: 'docker-unreachable',
          facts: { problem: 'nothing came for 5 s' },
        });
        expect(await reasonOf(freezing(push))).toMatchObject({
          reason: 'docker-unreachable',
          facts: { problem: 'nothing came for 2 s' },
        });
        expect(performance.now() - start).toBeLessThan(20_000);

        process.kill(frozen.pid, 'SIGCONT');
        const pushed = await freezing(pushOf({ image: large, target, credentials: bot }).push);
        expect(pushed.digest).toBe((await skopeo()).Digest);
        await expect.poll(async () => frozen.docker.listImages({ all: true })).toEqual([]);
      } finally {
        process.kill(frozen.pid, 'SIGCONT');
        await frozen.close();
      }
    },
  );

  it('says so when there is none', async () => {
    const nobody = createDockerEngine({
      dockerHost: 'unix:///nonexistent/docker.sock',
      registry: besideEngine({ url: registry.url }),
      limits,
    });
    const error = await reasonOf(nobody(pushOf({ image, target, credentials: bot }).push));
    expect(error).toMatchObject({ reason: 'docker-unreachable', facts: { problem: 'ENOENT' } });
  });
});
