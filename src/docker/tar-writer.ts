import type { Writable } from 'node:stream';

const block = 512;

/**
 * Writes a tar of plain files, one after the other. What was given to it is the caller’s again when `sink` says that it
 * is written. The caller ends `sink`.
 */
export class TarWriter {
  readonly #sink: Writable;

  constructor(sink: Writable) {
    this.#sink = sink;
  }

  /** Begins a file; exactly `size` bytes must follow through {@link write} before the next one. */
  async begin(name: string, size: number): Promise<void> {
    await this.write(header(name, size));
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#sink.write(bytes, (error) => (error ? reject(error) : resolve()));
    await promise;
  }

  async pad(size: number): Promise<void> {
    const rest = size % block;
    if (rest > 0) await this.write(new Uint8Array(block - rest));
  }

  async file(name: string, bytes: Uint8Array): Promise<void> {
    await this.begin(name, bytes.length);
    await this.write(bytes);
    await this.pad(bytes.length);
  }

  /** The two empty blocks that end a tar. */
  async end(): Promise<void> {
    await this.write(new Uint8Array(2 * block));
  }
}

/** @see https://www.gnu.org/software/tar/manual/html_node/Standard.html */
function header(name: string, size: number): Uint8Array {
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 100);
  bytes.write('0000644\0', 100);
  bytes.write('0000000\0', 108);
  bytes.write('0000000\0', 116);
  writeSize(bytes, size);
  bytes.write('00000000000\0', 136);
  bytes.write('        ', 148);
  bytes.write('0', 156);
  bytes.write('ustar\x0000', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** From 8 GiB on a size has no octal form of 11 digits; GNU's binary form is what every reader takes. */
function writeSize(bytes: Buffer, size: number): void {
  if (size < 8 ** 11) {
    bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    return;
  }
  bytes.writeBigUInt64BE(BigInt(size), 128);
  bytes[124] = 0x80;
}
