/** Milliseconds of waiting over which a rate is measured. */
const minute = 60_000;

/**
 * Whether a source gives at least so many bytes a second, over each minute in which it was waited for. Time in which
 * nobody wanted its bytes, because whoever takes them is slow, is not the source’s.
 */
export class LeastRate {
  readonly #rate: number;
  readonly #clock: () => number;
  #waitingSince: number | undefined;
  #waited = 0;
  #came = 0;

  /** `rate` in bytes a second, `clock` in milliseconds of any origin. */
  constructor(rate: number, clock: () => number) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** From now on it is waited for; it may be already. */
  wait(): void {
    this.#waitingSince ??= this.#clock();
  }

  /** So many bytes came, and nobody waits until {@link wait}. Gives whether it is enough so far. */
  came(bytes: number): boolean {
    const now = this.#clock();
    if (this.#waitingSince !== undefined) this.#waited += now - this.#waitingSince;
    this.#waitingSince = undefined;
    this.#came += bytes;
    if (this.#waited < minute) return true;
    const isEnough = this.#came >= (this.#waited / 1000) * this.#rate;
    this.#waited = 0;
    this.#came = 0;
    return isEnough;
  }
}
