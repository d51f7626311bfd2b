import { constants, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ZstdFrame } from '../../src/archive/zstd-frame.ts';
import { bomb } from '../helpers/archive/parts.ts';

function walk(bytes: Uint8Array, piece: number): string {
  const frame = new ZstdFrame();
  try {
    for (let at = 0; at < bytes.length; at += piece) frame.take(bytes.subarray(at, at + piece));
    frame.end();
    return 'whole';
  } catch (error) {
    return (error as Error).message;
  }
}

const content = fc.oneof(
  fc.uint8Array({ maxLength: 3000 }),
  fc.tuple(fc.nat(255), fc.nat(600_000)).map(([byte, size]) => Buffer.alloc(size, byte)),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 999 }), fc.nat(300))
    .map(([part, times]) => Buffer.concat(Array<Uint8Array>(times).fill(part))),
);
const level = fc.integer({ min: -5, max: 19 });
const flag = fc.constantFrom(0, 1);

const frameOf = fc.record({ content, level, checksum: flag, contentSize: flag }).map((made) =>
  zstdCompressSync(made.content, {
    params: {
      [constants.ZSTD_c_compressionLevel]: made.level,
      [constants.ZSTD_c_checksumFlag]: made.checksum,
      [constants.ZSTD_c_contentSizeFlag]: made.contentSize,
    },
  }),
);

it('walks over every frame that zstd makes, in pieces of any size', () => {
  fc.assert(
    fc.property(frameOf, fc.integer({ min: 1, max: 70_000 }), (frame, piece) => {
      expect(walk(frame, piece)).toBe('whole');
    }),
  );
});

it('misses whatever is cut off, and sees whatever is added', () => {
  fc.assert(
    fc.property(
      frameOf,
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 9 }),
      fc.integer({ min: 1, max: 5000 }),
      (frame, cut, more, piece) => {
        expect(walk(frame.subarray(0, cut % frame.length), piece)).toContain('cut off');
        expect(walk(Buffer.concat([frame, more]), piece)).toMatch(
          /after its end|follows its first/,
        );
      },
    ),
  );
});

it.each([
  [10, 'whole'],
  [22, 'whole'],
  [25, 'whole'],
  [26, 'window of 67108864 bytes'],
  [41, 'window of 2199023255552 bytes'],
])('bears a window of 2^%i bytes or not: %s', (windowLog, says) => {
  expect(walk(bomb(Buffer.alloc(10), 0, windowLog), 1000)).toContain(says);
});

it('takes a single segment for a window as large as its content', () => {
  const singleSegment = (size: number) => {
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(BigInt(size));
    return Buffer.concat([Buffer.from('28b52ffde0', 'hex'), field, Buffer.from('010000', 'hex')]);
  };
  expect(walk(singleSegment(2 ** 25), 3)).toBe('whole');
  expect(walk(singleSegment(2 ** 25 + 1), 3)).toContain('window of 33554433 bytes');
});
