import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeLayer } from '../../local/layer.ts';
import { startRegistry, type LocalRegistry } from '../../local/registry.ts';
import type { Digest } from '../../src/domain/reference.ts';
import { onErrand } from '../../src/registry/errand.ts';
import { readBack } from '../../src/registry/read-back.ts';
import { createRegistry } from '../../src/registry/registry.ts';
import {
  digestOf,
  mediaType,
  pushPlainly,
  smallImage,
  type SmallImage,
} from '../helpers/registry/image.ts';
import { reasonOf } from '../helpers/registry/reason.ts';

const name = 'mozillareleases/decision';
const target = { name, tag: '1' };
const timing = { idle: 300, answer: 500, attempts: 2, backoff: 1 };

let registry: LocalRegistry;
beforeEach(async () => {
  registry = await startRegistry();
});
afterEach(() => registry.close());

const reader = () => createRegistry({ url: registry.url, timing });

/** Puts a manifest past all checks, as a registry that went bad would have it. */
function plant(manifest: object | Buffer, reference: string, type = mediaType): Digest {
  const bytes = Buffer.isBuffer(manifest) ? manifest : Buffer.from(JSON.stringify(manifest));
  const digest = digestOf(bytes);
  const { manifests, tags } = registry.store.repository(name);
  manifests.set(digest, { mediaType: type, bytes });
  tags.set(reference, digest);
  return digest;
}

function plantBlob(digest: string, bytes: Buffer): void {
  registry.store.repository(name).blobs.set(digest, bytes);
}

const push = (image: SmallImage, tag = '1') => pushPlainly({ url: registry.url, name, tag }, image);

it('says that a registry shows nothing without credentials, and blames no account for it', async () => {
  const locked = await startRegistry({ accounts: { relbot: 'cAnArY-7c0e' } });
  const nobody = createRegistry({ url: locked.url, timing });
  expect(await nobody.look(target)).toEqual({ state: 'unseen' });
  for (const asked of [nobody.tags(name), nobody.inspect(name, smallImage().digest)]) {
    expect(await reasonOf(asked)).toBe('registry-private');
  }
  await locked.close();
});

describe('looking at a tag', () => {
  it('tells an index from an image', async () => {
    const index = { schemaVersion: 2, manifests: [] };
    const digest = plant(index, '1', 'application/vnd.oci.image.index.v1+json');
    expect(await reader().look(target)).toEqual({ state: 'holds', digest, imageId: undefined });
  });

  it('does not take the registry’s word for a digest', async () => {
    await push(smallImage());
    const headers = { 'docker-content-digest': `sha256:${'0'.repeat(64)}` };
    registry.faults.add('look', { fault: 'headers', headers });
    expect(await reasonOf(reader().look(target))).toBe('registry-nonsense');
  });

  it('follows a redirect of the manifest, as some registries answer', async () => {
    const image = smallImage();
    await push(image);
    const location = `/v2/${name}/manifests/${image.digest}`;
    registry.faults.add('look', { fault: 'answer', status: 307, headers: { location } });
    expect(await reader().look(target)).toMatchObject({ digest: image.digest });
  });
});

describe('listing tags', () => {
  it('goes through all pages and puts higher versions first', async () => {
    const { tags } = registry.store.repository(name);
    for (let version = 1; version <= 2300; version += 1) tags.set(`1.${version}.0`, 'sha256:x');
    const listed = await reader().tags(name);
    expect(listed).toHaveLength(2300);
    expect(listed.slice(0, 2)).toEqual(['1.2300.0', '1.2299.0']);
    expect(listed.at(-1)).toBe('1.1.0');
  });

  it('does not follow pages into somebody’s network', async () => {
    registry.store.repository(name).tags.set('1', 'sha256:x');
    const link = '<http://10.0.0.1/v2/tags>; rel="next"';
    registry.faults.add('tags', { fault: 'headers', headers: { link } });
    expect(await reasonOf(reader().tags(name))).toBe('registry-foreign-host');
  });

  it.each(['[]', '{"tags":[1]}', '<html>'])('refuses what is no list: %s', async (body) => {
    registry.faults.add('tags', { fault: 'answer', status: 200, body });
    expect(await reasonOf(reader().tags(name))).toBe('registry-nonsense');
  });
});

describe('inspecting a published image', () => {
  it('finds Mercurial’s version in its layers', async () => {
    const layer = await makeLayer({
      'usr/lib/python3/dist-packages/mercurial/__version__.py': 'version = b"6.4.5"\n',
    });
    const raw = Buffer.concat(await Array.fromAsync(layer.open()));
    const image = smallImage([raw]);
    await push(image);
    expect(await reader().inspect(name, image.digest)).toMatchObject({ mercurial: '6.4.5' });
  });

  it('reads a layer again when the wire breaks', async () => {
    const image = smallImage([randomBytes(50_000)]);
    await push(image);
    registry.faults.add('get-blob', { fault: 'lose-reply' }, { times: 1 });
    expect(await reader().inspect(name, image.digest)).toMatchObject({ imageId: image.imageId });
  });

  it.each([
    ['is tried again', 1],
    ['is given up', Infinity],
  ])('%s where a layer stops coming', async (_, times) => {
    const image = smallImage([randomBytes(50_000)]);
    await push(image);
    // The config comes whole, the layer does not.
    registry.faults.add('get-blob', { fault: 'hang' }, { skip: 1, times });
    const inspecting = reasonOf(reader().inspect(name, image.digest));
    if (times === 1) expect(await inspecting).toMatchObject({ imageId: image.imageId });
    else expect(await inspecting).toBe('registry-unreachable');
  });

  it('refuses what is not there', async () => {
    expect(await reasonOf(reader().inspect(name, digestOf(randomBytes(9))))).toBe(
      'registry-nonsense',
    );
  });

  const [raw, other] = [randomBytes(9000), randomBytes(9000)];
  it.each([
    [
      'a layer that unpacks to the same, but is not the one named',
      (image: SmallImage) => plantBlob(layerOf(image), gzipSync(raw, { level: 0 })),
    ],
    [
      'a config that says the same, but is not the one named',
      (image: SmallImage) =>
        plantBlob(image.imageId, Buffer.concat([image.config, Buffer.from(' ')])),
    ],
    ['a layer that is another', (image: SmallImage) => plantBlob(layerOf(image), gzipSync(other))],
    ['a layer that is no gzip', (image: SmallImage) => plantBlob(layerOf(image), raw)],
    [
      'a layer that is cut short',
      (image: SmallImage) => plantBlob(layerOf(image), gzipSync(raw).subarray(0, -9)),
    ],
    [
      'a config that is another',
      (image: SmallImage) => plantBlob(image.imageId, smallImage().config),
    ],
    [
      'a manifest that is another',
      (image: SmallImage) => {
        registry.store
          .repository(name)
          .manifests.set(image.digest, { mediaType, bytes: smallImage().manifest });
      },
    ],
  ] as const)('refuses %s', async (_, spoil) => {
    const image = smallImage([raw]);
    await push(image);
    spoil(image);
    expect(await reasonOf(reader().inspect(name, image.digest))).toBe('registry-nonsense');
  });

  it('refuses a layer that does not unpack to what the config says', async () => {
    const image = smallImage([raw]);
    const blob = gzipSync(other);
    plantBlob(digestOf(blob), blob);
    plantBlob(image.imageId, image.config);
    const manifest = JSON.parse(image.manifest.toString()) as {
      layers: { digest: string; size: number }[];
    };
    Object.assign(manifest.layers[0] ?? {}, { digest: digestOf(blob), size: blob.length });
    const digest = plant(manifest, '1');
    expect(await reasonOf(reader().inspect(name, digest))).toBe('registry-nonsense');
  });

  function layerOf(image: SmallImage): string {
    return digestOf(image.layers[0]?.blob ?? Buffer.alloc(0));
  }
});

describe('reading back what was pushed', () => {
  const back = (imageId: Digest, digest?: Digest) =>
    onErrand({ url: registry.url, timing }, { subject: 'x' }, (client) =>
      readBack(client, { target, imageId, digest }),
    );

  it('gives digest, layers and the bytes that a pull transfers', async () => {
    const image = smallImage([randomBytes(2000), randomBytes(10)]);
    await push(image);
    const blobs = image.layers.map((layer) => layer.blob.length);
    const size = blobs.reduce((sum, length) => sum + length, image.config.length);
    const found = await back(image.imageId, image.digest);
    expect(found).toMatchObject({ digest: image.digest, size });
    expect(found.layers.map((layer) => layer.size)).toEqual(blobs);
  });

  it('catches the manifest of another image', async () => {
    await push(smallImage());
    expect(await reasonOf(back(smallImage().imageId))).toBe('read-back-config');
  });

  it('catches an index where the image should be', async () => {
    plant({ schemaVersion: 2, manifests: [] }, '1');
    expect(await reasonOf(back(smallImage().imageId))).toBe('read-back-config');
  });

  it('catches another manifest of the same image than was pushed', async () => {
    const image = smallImage();
    await push(image);
    expect(await reasonOf(back(image.imageId, smallImage().digest))).toBe('read-back-digest');
  });

  it('catches a blob that is missing or of another size', async () => {
    const image = smallImage();
    await push(image);
    const layer = digestOf(image.layers[0]?.blob ?? Buffer.alloc(0));
    plantBlob(layer, Buffer.alloc(3));
    expect(await reasonOf(back(image.imageId))).toBe('registry-nonsense');
    registry.store.repository(name).blobs.delete(layer);
    expect(await reasonOf(back(image.imageId))).toBe('registry-nonsense');
  });
});
