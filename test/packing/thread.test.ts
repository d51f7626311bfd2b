import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { imageArchive, makeImage, zstd, type Layout } from '../../local/image.ts';
import { makeLayer } from '../../local/layer.ts';
import type { ReadArchive } from '../../src/archive/contents.ts';
import { createInspect } from '../../src/archive/inspect.ts';
import { CompressorFailure } from '../../src/packing/compressor.ts';
import type { AnnouncedLayer, Packed } from '../../src/packing/protocol.ts';
import { adaptiveZlib, plainZlib, type CompressorSetting } from '../../src/packing/setting.ts';
import { inspectArchive, packArchive, type Sink } from '../../src/packing/thread.ts';
import type { Bytes } from '../../src/ports.ts';
import { sha256 } from '../helpers/archive/parts.ts';
import { folderWithIgzip, type Behaviour } from '../helpers/packing/stand-in.ts';

const limits = { unpacked: 1024 ** 3 };
const layouts: readonly Layout[] = ['image_builder', 'docker-24', 'docker-25'];

const large = await makeLayer({
  data: randomBytes(3_000_000),
  text: 'again and again '.repeat(1e6),
});
const mercurial = await makeLayer({
  'usr/lib/python3/dist-packages/mercurial/__version__.py': 'version = "6.8"\n',
});
const image = makeImage([large, mercurial, await makeLayer({})]);

/** Keeps what it gets, as a registry would. */
class Shelf implements Sink {
  readonly pieces: Buffer[] = [];
  packed: Packed | undefined;

  async add(piece: Uint8Array, letGo: () => void): Promise<void> {
    this.pieces.push(Buffer.from(piece));
    letGo();
  }

  finish(packed: Packed): void {
    this.packed = packed;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }
}

interface Pack {
  readonly compressor?: CompressorSetting;
  readonly signal?: AbortSignal;
  readonly sinkOf?: (layer: AnnouncedLayer) => Sink | undefined;
}

/** Packs an archive; every layer is wanted unless told otherwise. */
async function pack(bytes: Bytes, given: Pack = {}) {
  const { compressor = plainZlib, signal = new AbortController().signal } = given;
  const shelves: Shelf[] = [];
  const done: number[] = [];
  let read = 0;
  const archive = await packArchive(
    bytes,
    { limits, compressor, signal },
    {
      onLayer: async (layer) => {
        if (given.sinkOf) return given.sinkOf(layer);
        const shelf = new Shelf();
        shelves[layer.index] = shelf;
        return shelf;
      },
      onDone: (index, size) => (done[index] = size),
      onRead: (size) => (read += size),
    },
  );
  return { archive, shelves, done, read };
}

function layersOf({ layers }: Pick<ReadArchive, 'layers'>) {
  return layers.map(({ diffId, size }) => ({ diffId, size }));
}

async function igzip(behaviour: Behaviour): Promise<CompressorSetting> {
  const path = join(await folderWithIgzip(behaviour), 'igzip');
  return { program: 'igzip', path, version: '2.30.0', level: 1 };
}

describe.each(layouts)('an archive in the layout of %s', (layout) => {
  it.each(['plain', 'gzip'] as const)(
    'is packed layer by layer, each as its digest says (%s)',
    async (layers) => {
      const source = await Array.fromAsync(zstd(imageArchive(image, layout, { layers })));
      const size = source.reduce((sum, { length }) => sum + length, 0);
      const { archive, shelves, done, read } = await pack(passing(source));
      expect(archive.imageId).toBe(image.imageId);
      expect(layersOf(archive)).toEqual(layersOf(image));
      expect(Buffer.from(archive.config).equals(image.config)).toBe(true);
      expect(read).toBe(size);
      for (const [at, index] of archive.order.entries()) {
        const { bytes, packed } = shelves[index] ?? new Shelf();
        expect(packed).toEqual({ digest: `sha256:${sha256(bytes)}`, size: bytes.length });
        const unpacked = gunzipSync(bytes);
        expect(`sha256:${sha256(unpacked)}`).toBe(archive.layers[at]?.diffId);
        expect(done[index]).toBe(unpacked.length);
      }
    },
  );

  it('is looked into as it would be without a thread', async () => {
    const alone = await createInspect(limits)(zstd(imageArchive(image, layout)));
    expect(alone.mercurial).toBe('6.8');
    expect(await inspectArchive(zstd(imageArchive(image, layout)), limits)).toEqual(alone);
  });
});

async function* passing(pieces: readonly Uint8Array[]): Bytes & AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** The archive with one bit of its first layer turned over. */
async function tampered(layout: Layout): Promise<Bytes> {
  const bytes = Buffer.concat(await Array.fromAsync(imageArchive(image, layout)));
  const at = bytes.indexOf('again and again ');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return zstd(passing([bytes]));
}

describe('a layer that nobody wants', () => {
  const sinkOf = () => undefined;

  it.each(['image_builder', 'docker-25'] as const)(
    'passes unproven where its name tells its diffID, as in the layout of %s',
    async (layout) => {
      const { archive, done } = await pack(await tampered(layout), { sinkOf });
      expect(layersOf(archive)).toEqual(layersOf(image));
      expect(new Set(done)).toEqual(new Set(image.layers.map(({ size }) => size)));
    },
  );

  it('is proven where nothing tells its diffID but its bytes', async () => {
    const { archive } = await pack(zstd(imageArchive(image, 'docker-24')), { sinkOf });
    expect(layersOf(archive)).toEqual(layersOf(image));
    const wrong = pack(await tampered('docker-24'), { sinkOf });
    await expect(wrong).rejects.toMatchObject({ reason: expect.stringMatching(/^archive-/) });
  });
});

it.each(['image_builder', 'docker-25'] as const)(
  'a layer that is packed is proven before its upload may be completed, in the layout of %s',
  async (layout) => {
    let shelf = new Shelf();
    const wrong = pack(await tampered(layout), { sinkOf: () => (shelf = new Shelf()) });
    await expect(wrong).rejects.toMatchObject({ reason: 'archive-layer' });
    expect(gunzipSync(shelf.bytes).length).toBe(large.size);
    expect(shelf.packed).toBeUndefined();
  },
);

describe('what goes wrong comes through', () => {
  it('as the refusal that it is', async () => {
    const cut = Buffer.concat(await Array.fromAsync(zstd(imageArchive(image, 'image_builder'))));
    const half = () => passing([cut.subarray(0, -9)]);
    const refusal = { name: 'PromotionError', reason: 'archive-zstd' };
    await expect(pack(half())).rejects.toMatchObject(refusal);
    await expect(inspectArchive(half(), limits)).rejects.toMatchObject(refusal);
  });

  it('as the error of the source, which is closed where something else fails', async () => {
    async function* broken(): Bytes & AsyncGenerator<Uint8Array> {
      yield* zstd(imageArchive(image, 'image_builder'));
      throw new Error('the source broke');
    }
    await expect(pack(broken())).rejects.toThrow('the source broke');
    let isClosed = false;
    async function* endless(): Bytes & AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield randomBytes(1000);
      } finally {
        isClosed = true;
      }
    }
    await expect(inspectArchive(endless(), limits)).rejects.toMatchObject({
      reason: 'archive-zstd',
    });
    await expect.poll(() => isClosed).toBe(true);
  });

  it('as the end that it is put to, where all bytes are there and no room is left for what they make', async () => {
    // To zstd one noise again and again, to gzip, which looks back less far, forty noises.
    const layer = await makeLayer({ noise: Buffer.concat(Array(40).fill(randomBytes(1_000_000))) });
    const stop = new AbortController();
    let isRead = false;
    let taken = 0;
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* zstd(imageArchive(makeImage([layer]), 'docker-25'));
      isRead = true;
    }
    const keepsAll: Sink = {
      add: async ({ length }) => void (taken += length),
      finish: () => undefined,
    };
    const work = pack(source(), { signal: stop.signal, sinkOf: () => keepsAll });
    work.catch(() => undefined);
    await expect.poll(() => isRead && taken, { timeout: 10_000 }).toBe(56 * 512 * 1024);
    stop.abort(new Error('withdrawn'));
    await expect(work).rejects.toThrow('withdrawn');
  });

  it('as the error of whoever takes the layers', async () => {
    const full: Sink = {
      add: () => Promise.reject(new Error('it is full')),
      finish: () => undefined,
    };
    const work = pack(zstd(imageArchive(image, 'image_builder')), { sinkOf: () => full });
    await expect(work).rejects.toThrow('it is full');
  });
});

it('holds back while nobody takes what it makes', async () => {
  const noise = makeImage([await makeLayer({ noise: randomBytes(64 * 1024 ** 2) })]);
  const stop = new AbortController();
  let read = 0;
  async function* counted(): Bytes & AsyncGenerator<Uint8Array> {
    for await (const chunk of zstd(imageArchive(noise, 'image_builder'))) {
      read += chunk.length;
      yield chunk;
    }
  }
  // It takes the first piece and never says that there is room for another.
  const slow: Sink = { add: () => new Promise(() => undefined), finish: () => undefined };
  const work = pack(counted(), { sinkOf: () => slow, signal: stop.signal });
  work.catch(() => undefined);
  await expect.poll(() => read, { timeout: 10_000 }).toBeGreaterThan(30 * 1024 ** 2);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(read).toBeLessThan(64 * 1024 ** 2);
  stop.abort(new Error('stopped'));
});

describe('igzip', () => {
  it('packs as zlib does, by the words of its own trailer', async () => {
    const compressor = await igzip('compresses');
    const { archive, shelves } = await pack(zstd(imageArchive(image, 'image_builder')), {
      compressor,
    });
    const packed = archive.order.map((index) => gunzipSync(shelves[index]?.bytes ?? ''));
    expect(packed.map((layer) => `sha256:${sha256(layer)}`)).toEqual(
      image.layers.map(({ diffId }) => diffId),
    );
  });

  it.each(['fails', 'loses a byte', 'is a text', 'dies'] as const)(
    'is no success where it %s',
    async (behaviour) => {
      const compressor = await igzip(behaviour);
      const work = pack(zstd(imageArchive(image, 'image_builder')), { compressor });
      await expect(work).rejects.toBeInstanceOf(CompressorFailure);
    },
  );

  it('is no success where it cannot be started', async () => {
    const compressor = {
      program: 'igzip',
      path: '/nowhere/igzip',
      version: '1',
      level: 1,
    } as const;
    const work = pack(zstd(imageArchive(image, 'image_builder')), { compressor });
    await expect(work).rejects.toThrow('it cannot be started');
  });

  it.each([
    ['while bytes come', image],
    ['when all bytes are there', makeImage([mercurial])],
  ])('is ended with the push %s, and leaves no process behind', async (_, some) => {
    const stop = new AbortController();
    const compressor = await igzip('hangs');
    const work = pack(zstd(imageArchive(some, 'image_builder')), {
      compressor,
      signal: stop.signal,
    });
    const running = () => childrenOf(process.pid);
    await expect.poll(running, { timeout: 5000 }).not.toEqual([]);
    stop.abort(new Error('withdrawn'));
    await expect(work).rejects.toThrow('withdrawn');
    await expect.poll(running, { timeout: 5000 }).toEqual([]);
  });
});

/** Processes that this one has started, dead ones that nobody has looked after among them. */
async function childrenOf(pid: number): Promise<readonly string[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean));
}

describe('the level by back-pressure', () => {
  it('sends less where there is no room for what is made, and is the plain one elsewhere', async () => {
    // Whatever comes again is out of every window by then.
    const words = Array.from({ length: 4000 }, () => randomBytes(4).toString('hex'));
    const text = Array.from({ length: 1_000_000 }, () => words[Math.floor(Math.random() * 4000)]);
    const layer = await makeLayer({ words: text.join(' ').repeat(15) });
    const archive = () => zstd(imageArchive(makeImage([layer]), 'docker-25'));

    const [plain] = (await pack(archive())).shelves;
    const [fast] = (await pack(archive(), { compressor: adaptiveZlib })).shelves;
    expect(fast?.packed).toEqual(plain?.packed);

    const slow = new SlowShelf();
    await pack(archive(), { compressor: adaptiveZlib, sinkOf: () => slow });
    expect(slow.packed?.size).toBeLessThan(plain?.packed?.size ?? 0);
    expect(`sha256:${sha256(gunzipSync(slow.bytes))}`).toBe(layer.diffId);
  }, 120_000);
});

/** Has no room for a while, so that everything before it fills up. */
class SlowShelf extends Shelf {
  override async add(piece: Uint8Array, letGo: () => void): Promise<void> {
    if (this.pieces.length === 0) await sleep(7000);
    await super.add(piece, letGo);
  }
}

describe('an archive that takes more of a processor than is allowed', () => {
  const allowed = { ...limits, processor: 1 };
  const packed = async () =>
    Buffer.concat(await Array.fromAsync(zstd(imageArchive(image, 'image_builder'))));
  /** Begins as an archive and never ends. */
  async function* endless(): Bytes {
    yield (await packed()).subarray(0, 1000);
    await new Promise(() => undefined);
  }

  it('is given up while it is looked into', async () => {
    await expect(inspectArchive(endless(), allowed)).rejects.toMatchObject({
      reason: 'archive-too-slow',
      facts: { seconds: '0.001' },
    });
  });

  it('is given up while it is packed', async () => {
    const signal = AbortSignal.timeout(15_000);
    const options = { limits: allowed, compressor: plainZlib, signal };
    const to = { onLayer: async () => new Shelf(), onDone: () => {}, onRead: () => {} };
    await expect(packArchive(endless(), options, to)).rejects.toMatchObject({
      reason: 'archive-too-slow',
    });
  });

  it('is not one that only waits for its bytes', async () => {
    const whole = await packed();
    async function* late(): Bytes {
      yield whole.subarray(0, 1000);
      await sleep(2200);
      yield whole.subarray(1000);
    }
    const { imageId } = await inspectArchive(late(), { ...limits, processor: 2000 });
    expect(imageId).toMatch(/^sha256:/);
  });
});
