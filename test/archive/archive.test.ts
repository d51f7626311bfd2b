import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { imageArchive, makeImage, zstd, type Layout } from '../../local/image.ts';
import { makeLayer } from '../../local/layer.ts';
import { readArchive } from '../../src/archive/archive.ts';
import type { LayerStream } from '../../src/archive/layer.ts';
import { PromotionError, refuse } from '../../src/domain/errors.ts';
import {
  entriesOf,
  entry,
  inChunks,
  layerOf,
  manifestEntry,
  packed,
  partsOf,
  sha256,
  tarOf,
} from '../helpers/archive/parts.ts';

const limits = { unpacked: 1024 ** 3 };
const layouts: readonly Layout[] = ['image_builder', 'docker-24', 'docker-25'];

const base = await makeLayer({
  'etc/os-release': 'ID=debian\n',
  [`${'deep/'.repeat(40)}file`]: '',
});
const tool = await makeLayer({ 'usr/bin/tool': { contents: '#!/bin/sh\n', mode: 0o755 } });
const empty = await makeLayer({});
const image = makeImage([base, empty, tool, empty], {
  config: { architecture: 'arm64', variant: 'v8' },
});
const contents = {
  imageId: image.imageId,
  layers: image.layers.map(({ diffId, size }) => ({ diffId, size })),
  platform: 'linux/arm64/v8',
};

describe.each(layouts)('an archive in the layout of %s', (layout) => {
  it.each(['plain', 'gzip'] as const)('gives what the image holds (%s)', async (layers) => {
    const read = await readArchive(zstd(imageArchive(image, layout, { layers })), { limits });
    expect(read).toMatchObject(contents);
    expect(read.config).toEqual(image.config);
  });

  it('hands out each layer once, uncompressed, and tells which one it was', async () => {
    const seen: string[] = [];
    const { order } = await readArchive(zstd(imageArchive(image, layout, { layers: 'gzip' })), {
      limits,
      onLayer: async ({ index, bytes }) => {
        expect(index).toBe(seen.length);
        seen.push(`sha256:${sha256(Buffer.concat(await Array.fromAsync(bytes)))}`);
      },
    });
    expect(seen.toSorted()).toEqual([base, empty, tool].map(({ diffId }) => diffId).toSorted());
    expect(order.map((index) => seen[index])).toEqual(image.layers.map(({ diffId }) => diffId));
  });
});

it('claims a diffID where the file name is one, and a size where it is known', async () => {
  const claims: unknown[] = [];
  const note = async ({ claimed, size }: { claimed: unknown; size: unknown }) => {
    claims.push({ claimed, size });
  };
  await readArchive(zstd(imageArchive(makeImage([base]), 'image_builder')), {
    limits,
    onLayer: note,
  });
  await readArchive(zstd(imageArchive(makeImage([base]), 'docker-24')), { limits, onLayer: note });
  const gzipped = zstd(imageArchive(makeImage([base]), 'docker-25', { layers: 'gzip' }));
  await readArchive(gzipped, { limits, onLayer: note });
  expect(claims).toEqual([
    { claimed: base.diffId, size: base.size },
    { claimed: undefined, size: base.size },
    { claimed: undefined, size: undefined },
  ]);
});

it('reads gzip layers of several members, as indexed images have them', async () => {
  const layer = layerOf('a', 'b');
  const parts = partsOf([layer]);
  const stored = Buffer.concat([gzipSync(layer.subarray(0, 700)), gzipSync(layer.subarray(700))]);
  const archive = tarOf(
    entry({ name: `${sha256(layer)}.tar` }, stored),
    ...entriesOf({ ...parts, layers: [] }),
  );
  const read = await readArchive(inChunks(packed(archive)), { limits });
  expect(read.layers).toEqual([{ diffId: `sha256:${sha256(layer)}`, size: layer.length }]);
});

describe('an archive that crane or kaniko wrote', () => {
  const layers = [layerOf('etc/base', 'base'), layerOf('bin/tool', 'tool')];
  const { config } = partsOf(layers);
  const skippable = Buffer.from('502a4d18040000000a0b0c0d', 'hex');

  /** The config first and named by its digest, layers as they are stored in a registry, then the manifest. */
  function archiveOf(
    pack: (layer: Buffer) => Buffer,
    nameOf: (stored: string, layer: string) => string,
  ) {
    const stored = layers.map((layer) => {
      const bytes = pack(layer);
      return { name: nameOf(sha256(bytes), sha256(layer)), bytes };
    });
    const Config = `sha256:${sha256(config)}`;
    return tarOf(
      entry({ name: Config }, config),
      ...stored.map(({ name, bytes }) => entry({ name }, bytes)),
      manifestEntry({ Config, RepoTags: null, Layers: stored.map(({ name }) => name) }),
    );
  }

  it.each([
    ['crane, gzip', gzipSync, (hex: string) => `${hex}.tar.gz`],
    ['crane, zstd', zstdCompressSync, (hex: string) => `${hex}.tar.zst`],
    ['crane up to 0.21, zstd', zstdCompressSync, (hex: string) => `${hex}.tar.gz`],
    ['crane, plain', (layer: Buffer) => layer, (hex: string) => `${hex}.tar`],
    ['kaniko of old', gzipSync, (hex: string) => `sha256:${hex}.tar.gz`],
  ] as const)('is read: %s', async (_, pack, nameOf) => {
    const read = await readArchive(inChunks(packed(archiveOf(pack, nameOf))), { limits });
    expect(read).toMatchObject({
      imageId: `sha256:${sha256(config)}`,
      layers: layers.map((layer) => ({ diffId: `sha256:${sha256(layer)}`, size: layer.length })),
    });
  });

  it.each([
    ['with a skippable frame behind it', (zstd: Buffer) => Buffer.concat([zstd, skippable])],
    ['that is cut off', (zstd: Buffer) => zstd.subarray(0, -4)],
  ])('is refused where it has a zstd layer %s', async (_, spoil) => {
    const pack = (layer: Buffer) => spoil(zstdCompressSync(layer));
    const archive = packed(archiveOf(pack, (__, layer) => `${layer}.tar.zst`));
    await expect(readArchive(inChunks(archive), { limits })).rejects.toMatchObject({
      reason: 'archive-layer',
      facts: { layer: '1', problem: expect.stringContaining('is not one sound zstd frame') },
    });
  });

  it('is refused where a zstd layer unpacks to more than is allowed', async () => {
    const huge = (layer: Buffer) => zstdCompressSync(Buffer.concat([layer, Buffer.alloc(2 ** 20)]));
    const archive = packed(archiveOf(huge, (stored) => `${stored}.tar.zst`));
    await expect(
      readArchive(inChunks(archive), { limits: { unpacked: 2 ** 20 } }),
    ).rejects.toMatchObject({ reason: 'archive-too-large' });
  });

  it('is refused where it holds the config of another image besides', async () => {
    const archive = tarOf(
      entry({ name: `sha256:${sha256(Buffer.from('{}'))}` }, Buffer.from('{}')),
      ...entriesOf(partsOf(layers)),
    );
    await expect(readArchive(inChunks(packed(archive)), { limits })).rejects.toMatchObject({
      reason: 'archive-entry',
    });
  });
});

it.each([1, 7, 511, 513, 100_000])(
  'reads an archive that comes in pieces of %i bytes',
  async (n) => {
    const bytes = packed(tarOf(...entriesOf(partsOf([layerOf('a', 'b')]))));
    expect((await readArchive(inChunks(bytes, n), { limits })).layers).toHaveLength(1);
  },
);

it('proves a layer of which its reader left something unread', async () => {
  const read = await readArchive(zstd(imageArchive(image, 'image_builder')), {
    limits,
    onLayer: async ({ bytes }) => {
      for await (const _ of bytes) break;
    },
  });
  expect(read).toMatchObject(contents);
});

it('goes on only when the layer’s reader is done', async () => {
  const order: string[] = [];
  await readArchive(zstd(imageArchive(image, 'image_builder')), {
    limits,
    onLayer: async ({ index, bytes }) => {
      order.push(`${index} begins`);
      for await (const _ of bytes);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${index} ends`);
    },
  });
  expect(order).toEqual(['0 begins', '0 ends', '1 begins', '1 ends', '2 begins', '2 ends']);
});

describe('the source of the bytes', () => {
  const data = randomBytes(64 * 1024 ** 2);
  const big = packed(tarOf(...entriesOf(partsOf([tarOf(entry({ name: 'data' }, data))]))));

  /** A source that tells how far it was read and whether it was closed. */
  function watched(bytes: Uint8Array, fault?: { readonly at: number; readonly error: Error }) {
    const state = { read: 0, closed: false };
    const source = async function* () {
      try {
        for await (const chunk of inChunks(bytes)) {
          if (fault && state.read >= fault.at) throw fault.error;
          state.read += chunk.length;
          yield chunk;
        }
      } finally {
        state.closed = true;
      }
    };
    return { state, source: source() };
  }

  it('is not read ahead of a slow reader', async () => {
    const { source, state } = watched(big);
    let ahead = 0;
    await readArchive(source, {
      limits,
      onLayer: async ({ bytes }) => {
        let taken = 0;
        for await (const chunk of bytes) {
          taken += chunk.length;
          if (taken < 20e6) await new Promise((resolve) => setTimeout(resolve, 5));
          ahead = Math.max(ahead, state.read - taken);
        }
      },
    });
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThan(8 * 1024 ** 2);
  });

  it.each([
    ['plain', big],
    ['gzip', packed(tarOf(entry({ name: `${sha256(data)}.tar` }, gzipSync(data, { level: 0 }))))],
  ])('is closed when the reader of a %s layer fails, with the very error', async (_, bytes) => {
    const error = new PromotionError(refuse('registry-busy', { status: '429', seconds: '60' }));
    for (const chunks of [0, 1, 3]) {
      const { source, state } = watched(bytes);
      const onLayer = async (layer: LayerStream) => {
        let taken = 0;
        for await (const _chunk of layer.bytes) if (++taken > chunks) break;
        throw error;
      };
      await expect(readArchive(source, { limits, onLayer })).rejects.toBe(error);
      await expect.poll(() => state.closed).toBe(true);
      expect(state.read).toBeLessThan(12e6);
    }
  });

  it('is closed when the archive is refused', async () => {
    const { source, state } = watched(
      packed(Buffer.concat([Buffer.alloc(512, 1), randomBytes(30e6)])),
    );
    await expect(readArchive(source, { limits })).rejects.toMatchObject({ reason: 'archive-tar' });
    await expect.poll(() => state.closed).toBe(true);
    expect(state.read).toBeLessThan(20e6);
  });

  it.each([
    ['a refusal of its own', new PromotionError(refuse('interrupted', {}))],
    ['any error', new Error('socket hang up')],
    [
      'an error of a decoder of its own',
      Object.assign(new Error('incorrect data check'), { code: 'Z_DATA_ERROR' }),
    ],
  ])('fails with %s, and so does the reading', async (_, error) => {
    for (const at of [0, 1024 ** 2]) {
      const { source } = watched(big, { at, error });
      await expect(readArchive(source, { limits })).rejects.toBe(error);
    }
  });

  it('fails inside of a layer: its reader sees that very error', async () => {
    const error = new PromotionError(refuse('interrupted', {}));
    const { source } = watched(big, { at: 5e6, error });
    let seen: unknown;
    const onLayer = async ({ bytes }: { bytes: AsyncIterable<Uint8Array> }) => {
      try {
        for await (const _ of bytes);
      } catch (thrown) {
        seen = thrown;
      }
    };
    await expect(readArchive(source, { limits, onLayer })).rejects.toBe(error);
    expect(seen).toBe(error);
  });
});
