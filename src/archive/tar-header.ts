/** What is wrong with a tar. Whoever reads one says what that means: for an archive the end, for a layer's inside little. */
export class TarFault extends Error {
  override readonly name = 'TarFault';
}

/** A header block of a tar, as it stands there. */
export interface TarHeader {
  readonly name: string;
  /** The type flag: `0` a file, `1` a hard link, `2` a symlink, `5` a folder, `x` a pax header, … */
  readonly type: string;
  /** Bytes that follow it, without padding. */
  readonly size: number;
  readonly link: string;
}

export const blockSize = 512;

const zeros = Buffer.alloc(64 * 1024);

/** Whether there is nothing but zeros: two blocks or more of them end a tar. */
export function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const end = Math.min(bytes.length, at + zeros.length);
    if (zeros.compare(bytes, at, end, 0, end - at) !== 0) return false;
  }
  return true;
}

/**
 * Reads one header block of 512 bytes: ustar, GNU or the old form. Throws a {@link TarFault}.
 * @see https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export function parseHeader(bytes: Uint8Array): TarHeader {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!hasRightChecksum(block)) throw new TarFault('a header’s checksum is wrong');
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: block[156] === 0 ? '0' : block.toString('latin1', 156, 157),
    size: number(block, 124, 12),
    link: text(block, 157, 100),
  };
}

/** Whether these bytes begin like a tar: with a header whose checksum is right, or with its end. */
export function looksLikeTar(bytes: Uint8Array): boolean {
  return bytes.length === blockSize && (hasRightChecksum(bytes) || isZero(bytes));
}

function hasRightChecksum(block: Uint8Array): boolean {
  const field = Buffer.from(block.buffer, block.byteOffset, block.length).toString(
    'latin1',
    148,
    156,
  );
  const written = /^ *([0-7]{1,7})[\0 ]*$/.exec(field)?.[1];
  if (written === undefined) return false;
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at] ?? 0;
  for (let at = 156; at < blockSize; at++) sum += block[at] ?? 0;
  return sum === Number.parseInt(written, 8);
}

/** A field of text, up to its NUL. */
function text(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at);
  return block.toString('utf8', at, end === -1 ? at + length : Math.min(end, at + length));
}

/** A number in octal digits, or in base 256 where the first bit is set (GNU). */
function number(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) === 0) return octal(block.toString('latin1', at, at + length));
  if (first !== 0x80) throw new TarFault('a header gives a negative or too large size');
  let value = 0n;
  for (const byte of block.subarray(at + 1, at + length)) value = (value << 8n) | BigInt(byte);
  if (value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new TarFault('a header gives too large a size');
  return Number(value);
}

function octal(field: string): number {
  const digits = /^[ \0]*([0-7]*)[ \0]*$/.exec(field)?.[1];
  if (digits === undefined) throw new TarFault('a header gives a size that is no number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
