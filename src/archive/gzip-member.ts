import { crc32, createInflateRaw } from 'node:zlib';
import type { Bytes } from '../ports.ts';
import { decoded, isDecoderError, pace } from './decoder.ts';

/** Why bytes are not one sound gzip member and nothing else; the message says it as `it …`. */
export class GzipFault extends Error {
  override readonly name = 'GzipFault';
}

/** CRC-32 and length at the end of a member. */
const trailerSize = 8;
/** A header with its optional name, comment and extra field; real ones have ten bytes. */
const longestHeader = 128 * 1024;

/**
 * Unpacks exactly one gzip member. Readers differ in what they make of a second member, or of bytes behind the first one,
 * so that one blob could be two layers: neither is let through. A chunk is good until the next one is asked for. Throws a
 * {@link GzipFault}, at the end at the latest; an error of `source` comes through as it is.
 * @see https://www.rfc-editor.org/rfc/rfc1952
 */
export async function* oneMember(source: Bytes): AsyncGenerator<Uint8Array> {
  const decoder = createInflateRaw(pace);
  const behind = new Behind();
  let crc = 0;
  let size = 0;
  try {
    for await (const chunk of decoded(behind.header(source), decoder)) {
      crc = crc32(chunk, crc);
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw isDecoderError(error) ? new GzipFault('it is damaged or cut off') : error;
  }
  behind.check({ packed: decoder.bytesWritten, crc, size });
}

/** What stands behind a member's header: counted, and its last bytes kept. */
class Behind {
  #size = 0;
  #last = Buffer.alloc(0);

  async *header(source: Bytes): AsyncGenerator<Uint8Array> {
    let head: Buffer | undefined = Buffer.alloc(0);
    for await (const chunk of source) {
      if (!head) {
        yield this.#count(chunk);
        continue;
      }
      head = Buffer.concat([head, chunk]);
      const length = headerLength(head);
      if (length === undefined) {
        if (head.length > longestHeader) throw new GzipFault('its header does not end');
        continue;
      }
      const rest = head.subarray(length);
      head = undefined;
      if (rest.length > 0) yield this.#count(rest);
    }
    if (head) throw new GzipFault('it is cut off in its header');
  }

  check(read: { readonly packed: number; readonly crc: number; readonly size: number }): void {
    const more = this.#size - read.packed - trailerSize;
    if (more < 0) throw new GzipFault('it is cut off in its trailer');
    if (more > 0) throw new GzipFault('there are bytes behind its first gzip member');
    const isSound =
      this.#last.readUInt32LE(0) === read.crc && this.#last.readUInt32LE(4) === read.size % 2 ** 32;
    if (!isSound) throw new GzipFault('its checksum is wrong');
  }

  #count(chunk: Uint8Array): Uint8Array {
    this.#size += chunk.length;
    this.#last = Buffer.concat([this.#last, chunk.subarray(-trailerSize)]).subarray(-trailerSize);
    return chunk;
  }
}

const flags = { checksum: 2, extra: 4, name: 8, comment: 16, reserved: 0b1110_0000 } as const;

/** Bytes of the header; `undefined` where it goes on behind these. */
function headerLength(bytes: Buffer): number | undefined {
  if (bytes.length < 10) return undefined;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) throw new GzipFault('it does not begin like gzip');
  const given = bytes.readUInt8(3);
  if (bytes[2] !== 8 || given & flags.reserved)
    throw new GzipFault('it is a gzip of no known kind');
  let at = 10;
  if (given & flags.extra) {
    if (bytes.length < at + 2) return undefined;
    at += 2 + bytes.readUInt16LE(at);
  }
  for (const text of [flags.name, flags.comment]) {
    if (!(given & text)) continue;
    const end = bytes.indexOf(0, at);
    if (end < 0) return undefined;
    at = end + 1;
  }
  if (given & flags.checksum) at += 2;
  return at <= bytes.length ? at : undefined;
}
