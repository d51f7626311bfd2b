import { fail } from '../domain/errors.ts';

/** How much an archive may unpack to. */
export interface ArchiveLimits {
  /** Bytes of the unpacked tar, in all. */
  readonly unpacked: number;
  /** Milliseconds of a processor that it may take to read it, where that is done in a thread; ten minutes by default. */
  readonly processor?: number;
  /**
   * Times its own size that an archive may unpack to, beyond the first 64 MiB. Real images reach 3 to 10, zeros 30,000.
   * @default 200
   */
  readonly ratio?: number;
}

/** Bytes that may be unpacked from nothing at all: a file of zeros early in a small image is no bomb yet. */
const ratioFloor = 64 * 1024 * 1024;

const defaultRatio = 200;

/** Counts what goes into a decoder and what comes out of it. Throws `archive-too-large` or `archive-ratio`. */
export class Meter {
  readonly #unpacked: number;
  readonly #ratio: number;
  #in = 0;
  #out = 0;

  constructor({ unpacked, ratio = defaultRatio }: ArchiveLimits) {
    this.#unpacked = unpacked;
    this.#ratio = ratio;
  }

  took(bytes: number): void {
    this.#in += bytes;
  }

  gave(bytes: number): void {
    this.#out += bytes;
    if (this.#out > this.#unpacked) {
      fail('archive-too-large', { limit: inGibibytes(this.#unpacked) });
    }
    if (this.#out > ratioFloor + this.#in * this.#ratio) {
      fail('archive-ratio', { limit: String(this.#ratio) });
    }
  }
}

function inGibibytes(bytes: number): string {
  return bytes < 1024 ** 3 ? `${bytes} bytes` : `${Number((bytes / 1024 ** 3).toFixed(2))} GiB`;
}
