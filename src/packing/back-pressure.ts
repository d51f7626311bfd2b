/** Bytes made between two looks at how long there was no room for them: as many as a registry confirms at once. */
const often = 16 * 1024 * 1024;

/** Shares of the time spent waiting for room, above which a level more costs nothing, and below which it costs time. */
const [much, little] = [0.25, 0.05];

const [lowest, highest] = [1, 6];

/**
 * The level by back-pressure: while whoever takes the bytes keeps the compressor waiting, each look finds it a level
 * higher, and it falls again when the compressor is what the others wait for.
 */
export class BackPressure {
  readonly #now: () => number;
  #level = lowest;
  #bytes = 0;
  #waited = 0;
  #since: number;

  /** `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  /** What the next block is to be compressed with. */
  get level(): number {
    return this.#level;
  }

  /** So many bytes were handed over, after so many milliseconds without room for them. */
  handed(bytes: number, waited: number): void {
    this.#bytes += bytes;
    this.#waited += waited;
    if (this.#bytes < often) return;
    const now = this.#now();
    const share = this.#waited / Math.max(1, now - this.#since);
    if (share > much) this.#level = Math.min(highest, this.#level + 1);
    else if (share < little) this.#level = Math.max(lowest, this.#level - 1);
    [this.#bytes, this.#waited, this.#since] = [0, 0, now];
  }
}
