import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeFolder } from '../../src/source/leftovers.ts';

const host = hostname().replaceAll(/[^\w.]/g, '_');
let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'promote-image-leftovers-'));
});

afterEach(() => rm(place, { recursive: true, force: true }));

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

it('a folder that a killed bot left behind is gone with the next one; nobody else’s is touched', async () => {
  const left = [`promote-image-source-${host}-${await deadPid()}-abc`];
  const earlier = [`promote-image-source-${host}-${process.pid}-abc`];
  const kept = [
    `promote-image-source-${host}-${process.ppid}-abc`,
    `promote-image-source-elsewhere-${await deadPid()}-abc`,
    `promote-image-source-${host}-x-abc`,
    'something-else',
  ];
  for (const name of [...left, ...earlier, ...kept]) {
    await mkdir(join(place, name, 'tree.git'), { recursive: true });
  }
  const made = await makeFolder(place);
  expect((await readdir(place)).toSorted()).toEqual([...kept, basename(made)].toSorted());
  const another = await makeFolder(place);
  expect(await readdir(place)).toContain(basename(made));
  expect(await readdir(place)).toContain(basename(another));
});
