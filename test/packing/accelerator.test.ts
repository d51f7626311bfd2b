import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { findCompressor } from '../../src/packing/accelerator.ts';
import { nameOf, plainZlib } from '../../src/packing/setting.ts';
import { folderWithIgzip } from '../helpers/packing/stand-in.ts';

it('is igzip where it is on the PATH, by its whole path and with its version', async () => {
  const folder = await folderWithIgzip('compresses');
  const found = await findCompressor(`/nowhere:${folder}`);
  expect(found).toMatchObject({ program: 'igzip', path: join(folder, 'igzip'), version: '2.30.0' });
  expect(nameOf(found)).toBe('igzip 2.30.0 level 1');
});

it('is plain zlib where there is no igzip, none that may be run, or none that says who it is', async () => {
  const silent = await folderWithIgzip('compresses', 'something else');
  const unusable = await folderWithIgzip('compresses');
  await chmod(join(unusable, 'igzip'), 0o644);
  const empty = await mkdtemp(join(tmpdir(), 'promote-image-igzip-'));
  for (const path of [undefined, '', empty, silent, unusable]) {
    expect(await findCompressor(path), String(path)).toBe(plainZlib);
  }
  expect(nameOf(plainZlib)).toContain(`zlib ${process.versions.zlib} level 1`);
});

it('is never looked for in the folder that the bot happens to be in', async () => {
  const folder = await folderWithIgzip('compresses');
  expect(await findCompressor(relative(process.cwd(), folder))).toBe(plainZlib);
});
