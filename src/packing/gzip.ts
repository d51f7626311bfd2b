import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, type ZlibOptions } from 'node:zlib';
import { release } from '../archive/release.ts';
import type { Bytes } from '../ports.ts';
import type { Compressor } from './compressor.ts';

export interface GzipOptions {
  /** 1 to 9, asked for each block. @default 1 */
  readonly level?: () => number;
}

/** Bytes compressed at a time: smaller ones cost ratio, larger ones memory. */
const blockSize = 1024 * 1024;
/**
 * What deflate can refer back to, as a power of two. Half of the most there is fits the processor’s cache: an eighth of
 * the time for one and a half percent of the size.
 */
const windowBits = 14;
const dictionarySize = 2 ** windowBits;
/** Blocks under way: when they are all full, whoever delivers the bytes has to wait. */
const ahead = 8;

/** Mtime 0, system unknown: nothing in it tells when or where it was made. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty last block. */
const ending = Uint8Array.of(0x03, 0x00);

const deflate = promisify<Uint8Array, ZlibOptions, Buffer>(deflateRaw);

/**
 * gzip on all cores: the bytes are cut into blocks that are compressed side by side in Node's thread pool, each with the
 * end of the one before as its dictionary and flushed to a byte boundary, so that together they are one gzip member.
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export function createGzip({ level = () => 1 }: GzipOptions = {}): Compressor {
  const options = (): ZlibOptions => ({
    level: level(),
    memLevel: 9,
    windowBits,
    finishFlush: constants.Z_SYNC_FLUSH,
    // Most blocks fit into one chunk: each further one is one more way through the thread pool.
    chunkSize: 512 * 1024,
  });
  return { compress: (bytes) => compress(bytes, options) };
}

async function* compress(bytes: Bytes, options: () => ZlibOptions): AsyncGenerator<Uint8Array> {
  const queue: Promise<Uint8Array>[] = [];
  const pool: Buffer[] = [];
  let crc = 0;
  let size = 0;
  let before: Block | undefined;
  yield header;
  try {
    for await (const block of blocks(bytes, pool)) {
      crc = crc32(block.bytes, crc);
      size += block.bytes.length;
      const work = deflateBlock(block, before, options());
      // It is awaited in turn; until then its failure must not count as nobody's.
      work.catch(() => undefined);
      queue.push(work);
      // Deflate has taken its dictionary; only its own input is still in use.
      if (before) void before.done.promise.then(give(pool, before));
      before = block;
      if (queue.length >= ahead) yield* passing(await queue.shift()!);
    }
    while (queue.length > 0) yield* passing(await queue.shift()!);
  } finally {
    await Promise.allSettled(queue);
  }
  yield Buffer.concat([ending, trailer(crc, size)]);
}

function* passing(piece: Uint8Array): Generator<Uint8Array> {
  yield piece;
  release(piece);
}

interface Block {
  readonly bytes: Buffer;
  /** The whole buffer that it lies in. */
  readonly buffer: Buffer;
  readonly done: PromiseWithResolvers<void>;
}

function give(pool: Buffer[], { buffer }: Block) {
  return (): void => void pool.push(buffer);
}

async function deflateBlock(
  block: Block,
  before: Block | undefined,
  options: ZlibOptions,
): Promise<Uint8Array> {
  const dictionary = before?.bytes.subarray(-dictionarySize);
  try {
    return await deflate(block.bytes, dictionary ? { ...options, dictionary } : options);
  } finally {
    block.done.resolve();
  }
}

/**
 * Exactly {@link blockSize} bytes each, but for the last: how the source cuts them must not show in the digest. Buffers
 * come from the pool where it has any: a new one for each block keeps the garbage collector busy for a quarter of the time.
 */
async function* blocks(bytes: Bytes, pool: Buffer[]): AsyncGenerator<Block> {
  const take = (): Buffer => pool.pop() ?? Buffer.allocUnsafeSlow(blockSize);
  let buffer = take();
  let filled = 0;
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + blockSize - filled);
      buffer.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < blockSize) continue;
      yield { bytes: buffer, buffer, done: Promise.withResolvers() };
      buffer = take();
      filled = 0;
    }
  }
  if (filled === 0) return;
  yield { bytes: buffer.subarray(0, filled), buffer, done: Promise.withResolvers() };
}

/** CRC and length modulo 2^32, little-endian. */
function trailer(crc: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc, 0);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  return bytes;
}
