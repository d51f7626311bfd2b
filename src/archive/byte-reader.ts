import type { Bytes } from '../ports.ts';

const nothing = new Uint8Array(0);

/**
 * Reads bytes in the pieces that are asked for, without copying more than what lies across two chunks. A piece is good
 * until the next one is asked for.
 */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = nothing;

  constructor(source: Bytes) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What is there of the next `most` bytes, at least one; `undefined` at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    if (this.#chunk.length === 0 && !(await this.#more())) return undefined;
    const piece = this.#chunk.subarray(0, most);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  /** The next `size` bytes in one piece; fewer only where the source ends. */
  async exactly(size: number): Promise<Uint8Array> {
    if (this.#chunk.length >= size) {
      const piece = this.#chunk.subarray(0, size);
      this.#chunk = this.#chunk.subarray(size);
      return piece;
    }
    const pieces: Uint8Array[] = [];
    for (let left = size; left > 0;) {
      const piece = await this.some(left);
      if (!piece) break;
      left -= piece.length;
      pieces.push(left > 0 ? Buffer.from(piece) : piece);
    }
    return Buffer.concat(pieces);
  }

  /** The next `size` bytes without taking them; fewer only where the source ends. */
  async peek(size: number): Promise<Uint8Array> {
    const piece = await this.exactly(size);
    this.#chunk = this.#chunk.length === 0 ? piece : Buffer.concat([piece, this.#chunk]);
    return piece;
  }

  /** Closes the source. */
  async close(): Promise<void> {
    this.#chunk = nothing;
    await this.#source.return?.();
  }

  async #more(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { value, done } = await this.#source.next();
      if (done === true) return false;
      this.#chunk = value;
    }
    return true;
  }
}
