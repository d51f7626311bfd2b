import { randomBytes } from 'node:crypto';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGzip } from '../../src/packing/gzip.ts';

const mebibyte = 1024 * 1024;

/** Cuts bytes into pieces of these sizes, over and over. */
async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function gzip(bytes: Buffer, sizes: readonly number[] = [65_536]): Promise<Buffer> {
  const pieces = createGzip().compress(cut(bytes, sizes));
  return Buffer.concat(await Array.fromAsync(pieces, (piece) => Buffer.from(piece)));
}

/** Text and noise, as a layer has both. */
function mixed(size: number): Buffer {
  const text = Buffer.from('usr/lib/python3/dist-packages/mercurial/__init__.py\n'.repeat(1000));
  const parts: Buffer[] = [];
  for (let at = 0; at < size; at += 2 * text.length) parts.push(text, randomBytes(text.length));
  return Buffer.concat(parts).subarray(0, size);
}

describe('gzip', () => {
  it.each([0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte, 20 * mebibyte + 17])(
    'gives back the same %i bytes',
    async (size) => {
      const bytes = mixed(size);
      const packed = await gzip(bytes);
      expect(gunzipSync(packed).equals(bytes)).toBe(true);
    },
  );

  it('is one member: a reader that stops after the first has everything', async () => {
    const bytes = mixed(3 * mebibyte + 5);
    const packed = await gzip(bytes);
    expect(inflateRawSync(packed.subarray(10, -8)).equals(bytes)).toBe(true);
  });

  it('gives the same digest however the bytes arrive', async () => {
    const bytes = mixed(2 * mebibyte + 12_345);
    const whole = await gzip(bytes, [bytes.length]);
    const sizes = fc.array(fc.integer({ min: 1, max: 2 * mebibyte }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (some) => {
        const enough = some.map((size) => Math.max(size, 1000));
        expect((await gzip(bytes, enough)).equals(whole)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('gives the same bytes twice, without a time or a name in them', async () => {
    const bytes = mixed(mebibyte + 1);
    const [one, two] = [await gzip(bytes), await gzip(bytes)];
    expect(one.equals(two)).toBe(true);
    expect(one.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
  });

  it('is one member also where each block has another level', async () => {
    const bytes = mixed(6 * mebibyte + 5);
    let level = 0;
    const packed = createGzip({ level: () => (level += 1) }).compress(cut(bytes, [65_536]));
    const pieces = await Array.fromAsync(packed, (piece) => Buffer.from(piece));
    expect(level).toBe(7);
    expect(inflateRawSync(Buffer.concat(pieces).subarray(10, -8)).equals(bytes)).toBe(true);
  });

  it('reads no further ahead than it must while nobody takes what it makes', async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read += mebibyte;
        yield randomBytes(mebibyte);
      }
    }
    const packed = createGzip().compress(endless())[Symbol.asyncIterator]();
    await packed.next();
    await packed.next();
    expect(read).toBeLessThanOrEqual(20 * mebibyte);
    await packed.return?.();
  });

  it('comes to an end with the error of its source', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield mixed(3 * mebibyte);
      throw new Error('the source broke');
    }
    await expect(Array.fromAsync(createGzip().compress(broken()))).rejects.toThrow(
      'the source broke',
    );
  });
});
