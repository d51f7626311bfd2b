import { constants, crc32, createDeflateRaw, type DeflateRaw } from 'node:zlib';
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
/** Blocks under way: when they are all full, whoever delivers the bytes has to wait. */
const laneCount = 8;

/** Mtime 0, system unknown: nothing in it tells when or where it was made. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty last block. */
const ending = Uint8Array.of(0x03, 0x00);

/**
 * gzip on all cores: the bytes are cut into blocks that are compressed side by side in Node's thread pool. Each is flushed
 * to a byte boundary and refers to nothing outside, so that together they are one gzip member.
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export function createGzip({ level = () => 1 }: GzipOptions = {}): Compressor {
  return { compress: (bytes) => compress(bytes, level) };
}

/** The blocks are of the same size but for the last: how the source cuts the bytes must not show in the digest. */
async function* compress(bytes: Bytes, level: () => number): AsyncGenerator<Uint8Array> {
  const lanes: Lane[] = [];
  let turn = 0;
  let lane = (lanes[turn] = new Lane());
  let crc = 0;
  let size = 0;
  yield header;
  try {
    for await (const chunk of bytes) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      for (let from = 0; from < chunk.length;) {
        from += lane.fill(chunk.subarray(from));
        if (!lane.isFull) continue;
        lane.deflate(level());
        turn = (turn + 1) % laneCount;
        lane = lanes[turn] ??= new Lane();
        yield* lane.made();
      }
    }
    if (!lane.isEmpty) lane.deflate(level());
    for (const rest of [...lanes.slice(turn + 1), ...lanes.slice(0, turn + 1)]) yield* rest.made();
  } finally {
    await Promise.all(lanes.map((one) => one.close()));
  }
  yield Buffer.concat([ending, trailer(crc, size)]);
}

/**
 * Makes one block after the other with the same deflate stream and the same memory: new ones for each block keep the
 * garbage collector busy for a sixteenth of the time.
 */
class Lane {
  readonly #block = Buffer.allocUnsafeSlow(blockSize);
  #filled = 0;
  #stream: { readonly level: number; readonly deflate: DeflateRaw } | undefined;
  #done = Promise.resolve();
  readonly #pieces: Buffer[] = [];
  #last: Buffer | undefined;

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  get isFull(): boolean {
    return this.#filled === blockSize;
  }

  /** Takes what it has room for, and gives how many bytes that is. */
  fill(bytes: Uint8Array): number {
    const part = bytes.subarray(0, blockSize - this.#filled);
    this.#block.set(part, this.#filled);
    this.#filled += part.length;
    return part.length;
  }

  /** Begins to compress what it was filled with. */
  deflate(level: number): void {
    const { deflate } = this.#streamOf(level);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    deflate.write(this.#block.subarray(0, this.#filled), (error) =>
      error ? reject(error) : resolve(),
    );
    // It is awaited in turn; until then its failure must not count as nobody's.
    promise.catch(() => undefined);
    this.#done = promise;
    this.#filled = 0;
  }

  /** What has become of its block, which can be filled again then. A piece is good until the next one is asked for. */
  async *made(): AsyncGenerator<Uint8Array> {
    await this.#done;
    for (const piece of this.#pieces.splice(0)) {
      // Pieces share a buffer until it is full.
      if (this.#last && this.#last.buffer !== piece.buffer) release(this.#last);
      this.#last = piece;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#done.catch(() => undefined);
    this.#stream?.deflate.destroy();
  }

  #streamOf(level: number) {
    if (this.#stream?.level === level) return this.#stream;
    this.#stream?.deflate.destroy();
    const deflate = createDeflateRaw({
      level,
      memLevel: 9,
      windowBits,
      // After each block, and with nothing left to refer back to: the next one is another lane's.
      flush: constants.Z_FULL_FLUSH,
      // Smaller ones are more ways through the thread pool, larger ones only more memory.
      chunkSize: 512 * 1024,
    });
    deflate.on('data', (piece: Buffer) => this.#pieces.push(piece));
    // The one who wrote is told.
    deflate.on('error', () => undefined);
    return (this.#stream = { level, deflate });
  }
}

/** CRC and length modulo 2^32, little-endian. */
function trailer(crc: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc, 0);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  return bytes;
}
