import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { GzipFault, oneMember } from '../../src/archive/gzip-member.ts';

const content = Buffer.concat([randomBytes(200_000), Buffer.alloc(900_000)]);
const gzip = gzipSync(content);
const trailer = gzip.subarray(-8);

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(bytes: Buffer, size = 4096): Promise<Buffer | string> {
  const parts: Buffer[] = [];
  try {
    // A chunk is good until the next one is asked for.
    for await (const chunk of oneMember(inPieces(bytes, size))) parts.push(Buffer.from(chunk));
  } catch (error) {
    if (error instanceof GzipFault) return error.message;
    throw error;
  }
  return Buffer.concat(parts);
}

/** A member with everything that a header may hold. */
function withHeader(flags: number): Buffer {
  const fields = [
    flags & 4 ? Buffer.from([3, 0, 1, 2, 3]) : '',
    flags & 8 ? 'layer.tar\0' : '',
    flags & 16 ? 'a comment\0' : '',
    flags & 2 ? Buffer.from([0, 0]) : '',
  ].map((field) => Buffer.from(field));
  const head = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 0xff]);
  const member = gzipSync('a few bytes');
  return Buffer.concat([head, ...fields, member.subarray(10)]);
}

it.each([1, 7, 4096, 1_000_000])(
  'unpacks one member that comes in pieces of %d bytes',
  async (size) => {
    const small = gzipSync('a few bytes');
    expect(String(await unpack(small, size))).toBe('a few bytes');
    if (size > 7) expect(content.compare((await unpack(gzip, size)) as Buffer)).toBe(0);
  },
);

it('reads over whatever a header may hold', async () => {
  for (let flags = 0; flags < 32; flags += 1) {
    expect(String(await unpack(withHeader(flags), 5)), String(flags)).toBe('a few bytes');
  }
});

describe('is no single member, and says so:', () => {
  const behind = 'there are bytes behind its first gzip member';
  it.each([
    ['a second member', Buffer.concat([gzip, gzip]), behind],
    ['a second member that is empty', Buffer.concat([gzip, gzipSync('')]), behind],
    ['an empty member before it', Buffer.concat([gzipSync(''), gzip]), behind],
    ['one zero behind it', Buffer.concat([gzip, Buffer.alloc(1)]), behind],
    ['its own trailer once more', Buffer.concat([gzip, trailer]), behind],
    ['no trailer', gzip.subarray(0, -8), 'it is cut off in its trailer'],
    ['half a trailer', gzip.subarray(0, -4), 'it is cut off in its trailer'],
    ['a cut', gzip.subarray(0, -500), 'it is damaged or cut off'],
    ['a header alone', gzip.subarray(0, 10), 'it is damaged or cut off'],
    ['half a header', gzip.subarray(0, 5), 'it is cut off in its header'],
    ['nothing', Buffer.alloc(0), 'it is cut off in its header'],
    ['a tar', Buffer.alloc(1024), 'it does not begin like gzip'],
    ['another length', changed(gzip, -1), 'its checksum is wrong'],
    ['another checksum', changed(gzip, -8), 'its checksum is wrong'],
    ['a reserved flag', changed(gzip, 3, 0x20), 'it is a gzip of no known kind'],
    [
      'a name without an end',
      Buffer.from('1f8b0808000000000000'.padEnd(400_000, 'a'), 'hex'),
      'its header does not end',
    ],
  ])('%s', async (_, bytes, says) => {
    expect(await unpack(bytes)).toBe(says);
  });
});

function changed(bytes: Buffer, at: number, by = 1): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = copy[index]! ^ by;
  return copy;
}

it('hands on what goes wrong with its source', async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield gzip.subarray(0, 1000);
    throw new RangeError('the line');
  }
  await expect(Array.fromAsync(oneMember(broken()))).rejects.toThrow(RangeError);
});
