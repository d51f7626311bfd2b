import type { Bytes } from '../ports.ts';
import { ByteReader } from './byte-reader.ts';
import { blockSize, isZero, parseHeader, TarFault, type TarHeader } from './tar-header.ts';
import { parsePax } from './tar-pax.ts';

/** What a reader bears before it calls a tar unsound. */
export interface TarCaps {
  /** Header blocks, those of long names and pax included. */
  readonly headers: number;
  /** Bytes of one pax header or long name. */
  readonly meta: number;
}

/** An entry with what pax and long names say of it put in. */
export interface TarEntry extends TarHeader {
  readonly pax: ReadonlyMap<string, string>;
}

const withoutBody = new Set(['1', '2', '3', '4', '5', '6']);
const noRecords: ReadonlyMap<string, string> = new Map();

/** Reads a tar entry by entry in constant memory. Every method throws a {@link TarFault} where it is not sound. */
export class TarReader {
  readonly #reader: ByteReader;
  readonly #caps: TarCaps;
  #headers = 0;
  /** Bytes of the present entry still to come, and of its padding. */
  #left = 0;
  #padding = 0;
  #hasEndMarker = false;

  constructor(bytes: Bytes, caps: TarCaps) {
    this.#reader = new ByteReader(bytes);
    this.#caps = caps;
  }

  /** The next entry, whatever is left of the present one; `undefined` at the end. */
  async next(): Promise<TarEntry | undefined> {
    let pax = noRecords;
    let long: { readonly name?: string; readonly link?: string } = {};
    for (;;) {
      const header = await this.#header();
      if (!header) {
        if (pax.size > 0 || long.name || long.link) throw new TarFault('it is cut off');
        return undefined;
      }
      if (header.type === 'x') pax = new Map([...pax, ...parsePax(await this.#meta())]);
      else if (header.type === 'L') long = { ...long, name: upToNul(await this.#meta()) };
      else if (header.type === 'K') long = { ...long, link: upToNul(await this.#meta()) };
      else return this.#begin({ ...header, ...long }, pax);
    }
  }

  /** The next bytes of the present entry, as they come; `undefined` at its end. */
  async some(): Promise<Uint8Array | undefined> {
    if (this.#left === 0) return undefined;
    const piece = await this.#reader.some(this.#left);
    if (!piece) throw new TarFault('it is cut off');
    this.#left -= piece.length;
    return piece;
  }

  /** The first block of the present entry's body, or all of it where it is smaller; to be asked before {@link some}. */
  async peek(): Promise<Uint8Array> {
    return this.#reader.peek(Math.min(this.#left, blockSize));
  }

  /** After the last entry: proves that the end marker stands there, and nothing but zeros after it. */
  async end(): Promise<void> {
    const second = this.#hasEndMarker ? await this.#reader.exactly(blockSize) : undefined;
    if (second?.length !== blockSize) throw new TarFault('its end marker is missing');
    for (let piece: Uint8Array | undefined = second; piece;) {
      if (!isZero(piece)) throw new TarFault('there are bytes after its end');
      piece = await this.#reader.some(Infinity);
    }
  }

  /** Closes the source. */
  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #header(): Promise<TarHeader | undefined> {
    while ((await this.some()) !== undefined);
    await this.#block(this.#padding);
    this.#padding = 0;
    const block = await this.#reader.exactly(blockSize);
    if (block.length === 0) return undefined;
    if (block.length < blockSize) throw new TarFault('it is cut off');
    if (isZero(block)) {
      this.#hasEndMarker = true;
      return undefined;
    }
    this.#headers += 1;
    if (this.#headers > this.#caps.headers) throw new TarFault('it holds too many entries');
    const header = parseHeader(block);
    this.#expect(withoutBody.has(header.type) ? 0 : header.size);
    if (header.type === 'S') await this.#skipSparseMap(block[482] === 1);
    return header;
  }

  /** GNU's old sparse files: the map of their holes goes on in more blocks before the body. */
  async #skipSparseMap(goesOn: boolean): Promise<void> {
    for (let more = goesOn; more;) more = (await this.#block(blockSize))[504] === 1;
  }

  #begin(header: TarHeader, pax: ReadonlyMap<string, string>): TarEntry {
    const size = pax.get('size');
    if (size !== undefined && !/^\d{1,15}$/.test(size)) {
      throw new TarFault('a pax header gives a size that is no number');
    }
    const entry = {
      ...header,
      name: pax.get('path') ?? header.name,
      link: pax.get('linkpath') ?? header.link,
      size: size === undefined ? header.size : Number(size),
      pax,
    };
    if (size !== undefined && !withoutBody.has(entry.type)) this.#expect(entry.size);
    return entry;
  }

  #expect(size: number): void {
    this.#left = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
  }

  /** The whole body of a header that is about the next entry. */
  async #meta(): Promise<Uint8Array> {
    if (this.#left > this.#caps.meta) throw new TarFault('a name or pax header is too long');
    const size = this.#left;
    this.#left = 0;
    return this.#block(size);
  }

  async #block(size: number): Promise<Uint8Array> {
    const block = await this.#reader.exactly(size);
    if (block.length < size) throw new TarFault('it is cut off');
    return block;
  }
}

function upToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end)).toString();
}
