import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createIgzip } from '../../src/packing/igzip.ts';
import { inChunks } from '../helpers/archive/parts.ts';
import { folderWithIgzip } from '../helpers/packing/stand-in.ts';

it('takes a small layer that comes in drops while nobody is at hand', async () => {
  const path = join(await folderWithIgzip('drips'), 'igzip');
  const layer = randomBytes(400);
  const { signal } = new AbortController();
  const pieces: Buffer[] = [];
  for await (const piece of createIgzip({ path, level: 1, signal }).compress(inChunks(layer))) {
    pieces.push(Buffer.from(piece));
    // What comes meanwhile is put together by Node, in memory that it shares with everybody else.
    await sleep(20);
  }
  expect(pieces.length).toBeGreaterThan(1);
  expect(gunzipSync(Buffer.concat(pieces))).toEqual(layer);
});
