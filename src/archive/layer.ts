import { createHash, type Hash } from 'node:crypto';
import { fail, PromotionError, refuse } from '../domain/errors.ts';
import type { Bytes } from '../ports.ts';
import { digestFromHex, type Digest } from '../domain/reference.ts';
import { gunzip, isDecoderError, looksLikeGzip, looksLikeZstd } from './decoder.ts';
import type { Meter } from './limits.ts';
import { oneFrame } from './zstd.ts';
import { ZstdFault } from './zstd-frame.ts';

/** One layer as it stands in the archive, uncompressed: a packed layer is unpacked by the reader. */
export interface LayerStream {
  /** 0-based, in the order in which the archive holds them. */
  readonly index: number;
  /** The diffID that its file name gives: a claim, proven only when the archive was read to its end. */
  readonly claimed: Digest | undefined;
  /** Uncompressed bytes, `undefined` for a packed layer. */
  readonly size: number | undefined;
  /** May be read once. A chunk is good until the next one is asked for. */
  readonly bytes: Bytes;
  /**
   * The same bytes for who needs no proof of them: `claimed` is taken for the diffID. `undefined` where none is claimed.
   */
  readonly unhashed: Bytes | undefined;
}

export type OnLayer = (layer: LayerStream) => Promise<void>;

/** The layer's file in the archive. */
export interface LayerFile {
  readonly index: number;
  /** The sha256 that its name gives: of what is stored, or of what that unpacks to. */
  readonly named: Digest | undefined;
  /** Bytes stored. */
  readonly size: number;
  /** How it begins. */
  readonly start: Uint8Array;
  /** The next bytes stored, `undefined` at the end. */
  readonly some: () => Promise<Uint8Array | undefined>;
}

/** A layer that was read to its end. */
export interface ReadLayer {
  readonly index: number;
  /** Proven, unless it was read as {@link LayerStream.unhashed}. */
  readonly diffId: Digest;
  readonly size: number;
}

/** Hands the layer to `onLayer` while it streams by, and hashes it. Throws `archive-layer` where it is not as named. */
export async function readLayer(
  file: LayerFile,
  meter: Meter,
  onLayer: OnLayer | undefined,
): Promise<ReadLayer> {
  const stored = new Counted(file.some);
  const unpack = unpackerOf(file.start);
  const packed = unpack?.(metered(stored, meter));
  const unpacked = packed ? new Counted(() => nextOf(packed, file, meter)) : stored;
  const claimed = packed ? undefined : file.named;
  await onLayer?.({
    index: file.index,
    claimed,
    size: packed ? undefined : file.size,
    bytes: bytesOf(unpacked.some),
    unhashed: claimed && unpacked.unhashed(),
  });
  // Whatever a reader left unread belongs to the hash.
  while ((await unpacked.some()) !== undefined);
  const { index } = file;
  const { size } = unpacked;
  if (claimed && !unpacked.isHashed) return { index, diffId: claimed, size };
  const diffId = unpacked.digest();
  if (file.named && file.named !== diffId && file.named !== stored.digest()) {
    refuseLayer(index, `does not have the sha256 that its name gives: it is ${diffId}`);
  }
  return { index, diffId, size };
}

/** How the layer's bytes are unpacked; `undefined` where they are not packed. */
function unpackerOf(
  start: Uint8Array,
): ((source: Bytes) => AsyncGenerator<Uint8Array>) | undefined {
  if (looksLikeGzip(start)) return gunzip;
  return looksLikeZstd(start) ? oneFrame : undefined;
}

/** Throws `archive-layer`; `index` is 0-based, people count from 1. */
export function refuseLayer(index: number, problem: string): never {
  fail('archive-layer', { layer: String(index + 1), problem });
}

/** Bytes that are counted as they are taken, and hashed unless somebody takes them unhashed. */
class Counted {
  readonly #some: () => Promise<Uint8Array | undefined>;
  readonly #hash: Hash = createHash('sha256');
  #failure: { readonly error: unknown } | undefined;
  #digest: Digest | undefined;
  size = 0;
  isHashed = true;

  constructor(some: () => Promise<Uint8Array | undefined>) {
    this.#some = some;
  }

  readonly some = async (): Promise<Uint8Array | undefined> => {
    // A reader that swallowed the failure must not make a broken source look like a short one.
    if (this.#failure) throw this.#failure.error;
    try {
      const chunk = await this.#some();
      if (chunk && this.isHashed) this.#hash.update(chunk);
      this.size += chunk?.length ?? 0;
      return chunk;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  };

  /** All bytes; from the first one on there is no digest any more. */
  async *unhashed(): AsyncGenerator<Uint8Array> {
    this.isHashed = false;
    yield* bytesOf(this.some);
  }

  digest(): Digest {
    this.#digest ??= digestFromHex(this.#hash.digest('hex'));
    return this.#digest;
  }
}

async function nextOf(
  chunks: AsyncGenerator<Uint8Array>,
  { index }: LayerFile,
  meter: Meter,
): Promise<Uint8Array | undefined> {
  try {
    const { value, done } = await chunks.next();
    if (done === true) return undefined;
    meter.gave(value.length);
    return value;
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    const facts = { layer: String(index + 1), problem };
    throw new PromotionError(refuse('archive-layer', facts), { cause: error });
  }
}

/** The decoder's verdict in words; `undefined` for an error of what it was fed from. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof ZstdFault) return `is not one sound zstd frame: ${error.message}`;
  return isDecoderError(error) ? 'is not sound gzip' : undefined;
}

async function* metered(stored: Counted, meter: Meter): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytesOf(stored.some)) {
    meter.took(chunk.length);
    // The decoder takes it when it has time.
    yield Buffer.from(chunk);
  }
}

/** The chunks as a loop takes them; leaving the loop leaves the rest where it is. */
async function* bytesOf(
  some: () => Promise<Uint8Array | undefined>,
): AsyncGenerator<Uint8Array, undefined> {
  for (let chunk = await some(); chunk; chunk = await some()) yield chunk;
  return undefined;
}
