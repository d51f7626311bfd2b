import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeImage } from '../../local/image.ts';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import { fail } from '../../src/domain/errors.ts';
import type { Digest } from '../../src/domain/reference.ts';
import { createRegistryEngine, type EngineOptions } from '../../src/registry/push.ts';
import { folderWithIgzip } from '../helpers/packing/stand-in.ts';
import {
  contentsOf,
  limits,
  memoryLedger,
  pushOf,
  randomImage,
  randomLayer,
} from '../helpers/registry/push.ts';
import { reasonOf } from '../helpers/registry/reason.ts';

let registry: LocalRegistry;
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

const chunks = { least: 50_000, most: 100_000 };
const engine = (options: Partial<EngineOptions> = {}) =>
  createRegistryEngine({ url: registry.url, limits, chunks, ...options });

const name = 'mozillareleases/build-decision';
const bytesSent = () =>
  registry.requests.filter(({ step }) => step === 'patch' || step === 'finish').length;

/** As a download ends whose bytes are not those that were approved. */
async function* changed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* bytes;
  fail('changed-artifact', { problem: 'near its end' });
}

it('is told at once that its artifact is gone, however long it takes to learn what is there', async () => {
  const push = pushOf(await randomImage(10), {
    open: async () =>
      fail('artifact-missing', { artifact: 'public/image.tar.zst', task: 'T', run: '0' }),
    ledger: { ...memoryLedger(), find: () => new Promise(() => undefined) },
  });
  expect(await reasonOf(engine()(push))).toBe('artifact-missing');
});

describe('an image of which every part is there', () => {
  it('is published without a byte of it, when its artifact has proven that it is the approved one', async () => {
    const image = await randomImage(90_000, 10);
    const first = await engine()(pushOf(image));
    const before = bytesSent();
    const again = pushOf(image, { target: { name, tag: '2.0.0' } });
    const pushed = await engine()(again);
    expect(pushed).toMatchObject({ digest: first.digest, sent: 0 });
    expect(pushed.layers.map(({ how }) => how)).toEqual(['present', 'present']);
    expect(bytesSent()).toBe(before);
    expect(again.opened()).toBe(1);
  });

  it('is not published where the artifact is another by now', async () => {
    const image = await randomImage(90_000, 10);
    await engine()(pushOf(image));
    const target = { name, tag: '2.0.0' };
    const again = pushOf(image, { target, through: changed });
    expect(await reasonOf(engine()(again))).toBe('changed-artifact');
    expect(registry.store.repository(name).tags.has('2.0.0')).toBe(false);
  });
});

describe('whoever is asked before the tag is put', () => {
  it('is asked when everything else is there, and hears of no tag that is there already', async () => {
    const { tags, manifests } = registry.store.repository(name);
    const seen: number[][] = [];
    const beforeTag = async () => void seen.push([tags.size, manifests.size]);
    const image = await randomImage(90_000);
    await engine()(pushOf(image, { beforeTag }));
    expect(seen).toEqual([[0, 1]]);
    expect(tags.size).toBe(1);
    await engine()(pushOf(image, { beforeTag }));
    expect(seen).toHaveLength(1);
  });

  it('keeps the tag from being put', async () => {
    const beforeTag = async () => fail('interrupted', {});
    expect(await reasonOf(engine()(pushOf(await randomImage(90_000), { beforeTag })))).toBe(
      'interrupted',
    );
    expect(registry.store.repository(name).tags.size).toBe(0);
    expect(registry.requests.filter(({ step }) => step === 'put-tag')).toEqual([]);
  });
});

describe('an image of which some layers are there', () => {
  it('is not published where the artifact is another by now, be it in those layers only', async () => {
    const base = await randomLayer(90_000);
    const first = pushOf(makeImage([base]));
    await engine()(first);
    const image = makeImage([base, await randomLayer(10)]);
    const target = { name, tag: '2.0.0' };
    const { open } = await randomLayer(90_000);
    const another = { ...image, layers: [{ ...base, open }, ...image.layers.slice(1)] };
    const again = pushOf(another, { target, through: changed, ledger: first.ledger });
    expect(await reasonOf(engine()(again))).toBe('changed-artifact');
    const { tags, manifests } = registry.store.repository(name);
    expect([tags.has('2.0.0'), manifests.size]).toEqual([false, 1]);
  });
});

describe('an accelerator that fails', () => {
  it('is done without: the image is published, and the log says what packed it', async () => {
    const path = join(await folderWithIgzip('dies'), 'igzip');
    const compressor = async () => ({ program: 'igzip', path, version: '1', level: 1 }) as const;
    const push = pushOf(await randomImage(90_000));
    const pushed = await engine({ compressor })(push);
    expect(pushed.compressor).toContain('zlib');
    expect(push.opened()).toBe(2);
    expect(registry.store.uploads.size).toBe(0);
  });
});

describe('known layers', () => {
  it('of the ledger are believed only where the registry has them', async () => {
    const image = await randomImage(90_000);
    const [layer] = image.layers;
    const diffId = layer?.diffId ?? ('' as Digest);
    const digest = `sha256:${'a'.repeat(64)}` as Digest;
    const ledger = memoryLedger([{ diffId, digest, size: 5, repository: name }]);
    const pushed = await engine()(pushOf(image, { ledger }));
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent']);
  });

  it('of another size than they are said to have are sent again', async () => {
    const image = await randomImage(90_000);
    const first = pushOf(image);
    await engine()(first);
    const ledger = memoryLedger(
      first.ledger.layers.map((layer) => ({ ...layer, size: layer.size + 1 })),
    );
    registry.store.repository(name).tags.clear();
    const pushed = await engine()(pushOf(image, { ledger }));
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent']);
  });

  it('are found in the images of sibling repositories, and mounted', async () => {
    const base = await randomLayer(90_000);
    const sibling = 'mozillareleases/decision';
    await engine()(pushOf(makeImage([base]), { target: { name: sibling, tag: '7' } }));
    const before = bytesSent();
    const image = makeImage([base, await randomLayer(10)]);
    const pushed = await engine({ siblings: [sibling, name] })(pushOf(image));
    expect(pushed.layers.map(({ how }) => how)).toEqual(['mounted', 'sent']);
    expect(bytesSent() - before).toBe(2);
  });

  it('are sent where the mount is not granted, and the upload it opened is cancelled', async () => {
    const image = await randomImage(1000);
    const first = pushOf(image, { target: { name: 'mozillareleases/decision', tag: '7' } });
    await engine()(first);
    const location = '/v2/x/blobs/uploads/nothing';
    registry.faults.add('mount', { fault: 'answer', status: 202, headers: { location } });
    const pushed = await engine()(pushOf(image, { ledger: first.ledger }));
    expect(pushed.layers.map(({ how }) => how)).toEqual(['sent']);
    expect(registry.requests.some(({ step, path }) => step === 'cancel' && path === location)).toBe(
      true,
    );
  });

  it('are remembered: those that were sent, and those that were read and proven', async () => {
    const base = await randomLayer(5000);
    await engine()(pushOf(makeImage([base]), { target: { name, tag: '0' } }));
    const push = pushOf(makeImage([base, await randomLayer(60)]));
    const pushed = await engine()(push);
    expect(pushed.layers.map(({ how }) => how)).toEqual(['present', 'sent']);
    const known = pushed.layers.map(({ diffId, digest, size }) => {
      return { diffId, digest, size, repository: name };
    });
    expect(push.ledger.layers).toEqual(known);
  });

  it('are recognised by their size where the archive does not name them', async () => {
    const image = await randomImage(90_000, 3000);
    await engine()(pushOf(image));
    const target = { name, tag: '2' };
    const pushed = await engine()(pushOf(image, { layout: 'docker-24', target }));
    expect(pushed.sent).toBe(0);
  });
});

describe('progress', () => {
  it('is told step by step and layer by layer, and never goes back', async () => {
    const push = pushOf(await randomImage(400_000, 70_000));
    await engine()(push);
    const steps = push.progress.map(({ step }) => step);
    expect([...new Set(steps)]).toEqual([
      'download',
      'layer',
      'config',
      'manifest',
      'tag',
      'read-back',
    ]);
    const read = push.progress.map((progress) => progress.read);
    expect(read).toEqual(read.toSorted((a, b) => a - b));
    const last = push.progress.at(-1);
    expect(last?.layers.map(({ state }) => state)).toEqual(['sent', 'sent']);
    for (const layer of last?.layers ?? []) {
      expect(layer.done).toBe(layer.size);
      expect(layer.sent).toBeGreaterThan(0);
    }
  });

  it('tells what was there already', async () => {
    const base = await randomLayer(9000);
    await engine()(pushOf(makeImage([base]), { target: { name, tag: '0' } }));
    const push = pushOf(makeImage([base, await randomLayer(60)]));
    await engine()(push);
    expect(push.progress.at(-1)?.layers.map(({ state }) => state)).toEqual(['present', 'sent']);
  });
});

it('leaves no upload behind', async () => {
  await engine()(pushOf(await randomImage(300_000, 50)));
  expect(registry.store.uploads.size).toBe(0);
});

it('pushes a layer that occurs twice, and an empty one', async () => {
  const layer = await randomLayer(5000);
  const image = makeImage([layer, await randomLayer(0, 'empty'), layer]);
  for (const layout of ['image_builder', 'docker-25'] as const) {
    const pushed = await engine()(pushOf(image, { layout, target: { name, tag: layout } }));
    expect(pushed.layers.map(({ diffId }) => diffId)).toEqual(
      image.layers.map(({ diffId }) => diffId),
    );
  }
});

it('refuses an artifact whose layers are not of the approved sizes', async () => {
  const image = await randomImage(3000);
  const contents = contentsOf(image);
  const layers = contents.layers.map((layer) => ({ ...layer, size: layer.size + 1 }));
  const push = pushOf(image, { contents: { ...contents, layers } });
  expect(await reasonOf(engine()(push))).toBe('changed-image');
  expect(registry.store.repository(name).manifests.size).toBe(0);
});

it('publishes nothing while the artifact has not proven its last byte', async () => {
  const push = pushOf(await randomImage(3000));
  const open = async () => {
    const artifact = await push.open();
    return {
      ...artifact,
      facts() {
        throw new Error('the signed hash is not reached');
      },
    };
  };
  await expect(engine()({ ...push, open })).rejects.toThrow('the signed hash is not reached');
  expect(registry.store.repository(name).manifests.size).toBe(0);
  expect(registry.store.uploads.size).toBe(0);
});
