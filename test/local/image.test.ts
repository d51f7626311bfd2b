import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { zstd } from '../../local/image.ts';
import { ZstdFrame } from '../../src/archive/zstd-frame.ts';
import { inChunks } from '../helpers/archive/parts.ts';

it('what is packed is one whole frame, wherever it ends', async () => {
  // Around two of the encoder's buffers: exactly there it would begin another frame.
  for (let size = 32_740; size < 32_780; size += 1) {
    const bytes = randomBytes(size);
    const packed = await buffer(zstd(inChunks(bytes)));
    const frame = new ZstdFrame();
    frame.take(packed);
    frame.end();
    expect(zstdDecompressSync(packed)).toEqual(bytes);
  }
});
