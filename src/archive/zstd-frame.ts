/** Why bytes are not one whole zstd frame and nothing else; the message says it as `it …`. */
export class ZstdFault extends Error {
  override readonly name = 'ZstdFault';
}

/**
 * The largest window a frame may ask for, as a power of two: memory that the decoder must hold. Taskcluster's levels
 * need 22 (4 MiB), level 20 this much; `--ultra -21` and `--long` need more.
 */
export const windowLog = 25;

const largestBlock = 128 * 1024;

/** What the walk wants next: the next bytes themselves, or to be past them. */
type Step = { readonly read: number } | { readonly skip: number };

/**
 * Walks over zstd bytes from block header to block header without unpacking them, and proves that they are exactly one
 * whole frame with a bearable window. Node's decoder takes the first frame for all and drops what follows it silently.
 * Throws a {@link ZstdFault}.
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1
 */
export class ZstdFrame {
  readonly #walk = walkFrame();
  readonly #field = Buffer.alloc(16);
  #step: Step = { read: 0 };
  #done = 0;
  #isWhole = false;

  constructor() {
    this.#next();
  }

  /** Walks over the next bytes of the stream. */
  take(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#isWhole) refuseMore(chunk.subarray(at));
      const reads = 'read' in this.#step;
      const wanted = ('read' in this.#step ? this.#step.read : this.#step.skip) - this.#done;
      const bytes = Math.min(wanted, chunk.length - at);
      if (reads) this.#field.set(chunk.subarray(at, at + bytes), this.#done);
      this.#done += bytes;
      at += bytes;
      if (bytes === wanted) this.#next();
    }
  }

  /** The stream has ended here. */
  end(): void {
    if (!this.#isWhole) broken('it is cut off');
  }

  #next(): void {
    do {
      const { value, done } = this.#walk.next(this.#field);
      this.#isWhole = done === true;
      this.#step = value ?? { skip: 0 };
      this.#done = 0;
    } while (!this.#isWhole && 'skip' in this.#step && this.#step.skip === 0);
  }
}

function* walkFrame(): Generator<Step, undefined, Buffer> {
  const magic = (yield { read: 4 }).readUInt32LE(0);
  if (isSkippable(magic)) broken('it begins with a skippable frame');
  if (magic !== 0xfd2fb528) broken('it does not begin like zstd');
  const descriptor = (yield { read: 1 }).readUInt8(0);
  if (descriptor & 0b1000) broken('a reserved bit of its frame header is set');
  if (descriptor & 0b11) broken('it needs a dictionary');
  checkWindow(yield* windowOf(descriptor));
  for (let isLast = false; !isLast;) {
    const block = (yield { read: 3 }).readUIntLE(0, 3);
    isLast = (block & 1) === 1;
    yield { skip: storedSize((block >> 1) & 0b11, block >> 3) };
  }
  if (descriptor & 0b100) yield { skip: 4 };
  return undefined;
}

/**
 * Bytes of the window: from the window descriptor, or the whole content where the frame is a single segment. (Two bytes
 * of content size count from 256 on; far below the limit that is no matter.)
 */
function* windowOf(descriptor: number): Generator<Step, bigint, Buffer> {
  const isSingleSegment = (descriptor & 0b100000) !== 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (isSingleSegment) {
    const field = yield { read: sizeBytes };
    if (sizeBytes === 8) return field.readBigUInt64LE(0);
    return BigInt(field.readUIntLE(0, sizeBytes));
  }
  const window = (yield { read: 1 }).readUInt8(0);
  yield { skip: sizeBytes };
  const base = 1n << BigInt(10 + (window >> 3));
  return base + (base / 8n) * BigInt(window & 0b111);
}

function checkWindow(bytes: bigint): void {
  if (bytes > 1n << BigInt(windowLog)) {
    broken(`it asks for a window of ${bytes} bytes, ${2 ** windowLog} are allowed`);
  }
}

/** Bytes that a block takes in the stream: a run of one byte is stored as that byte. */
function storedSize(type: number, size: number): number {
  if (type === 0b11) broken('it holds a block of a reserved type');
  if (size > largestBlock) broken('it holds a block that is too large');
  return type === 0b01 ? 1 : size;
}

function refuseMore(rest: Uint8Array): never {
  const magic = rest.length < 4 ? 0 : Buffer.from(rest.subarray(0, 4)).readUInt32LE(0);
  if (isSkippable(magic)) broken('a skippable frame follows its first one');
  if (magic === 0xfd2fb528) broken('a second frame follows its first one');
  broken('there are bytes after its end');
}

function isSkippable(magic: number): boolean {
  return magic >>> 4 === 0x184d2a5;
}

function broken(problem: string): never {
  throw new ZstdFault(problem);
}
