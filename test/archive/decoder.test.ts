import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { gunzip, pace } from '../../src/archive/decoder.ts';

async function* packed(): AsyncGenerator<Uint8Array> {
  yield gzipSync(Buffer.alloc(4 * pace.chunkSize, 'x'));
}

it('a chunk is empty once the next one is asked for, and whole where nobody asks', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of gunzip(packed())) {
    chunks.push(chunk);
    if (chunks.length === 2) break;
  }
  // Whoever left may still be sending it.
  expect(chunks.map(({ length }) => length)).toEqual([0, pace.chunkSize]);
});
