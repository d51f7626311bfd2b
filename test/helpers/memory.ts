import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the tests have in their temporary folders at one time is less, in bytes. */
const enough = 2 * 1024 ** 3;

/**
 * Puts the temporary folders of all tests in memory where there is room for them: thousands of databases wait for the
 * disk, and none of these tests means the disk. Elsewhere, and where TMPDIR says where to, everything is as it was.
 */
export default function setup(): (() => void) | undefined {
  if (process.env['TMPDIR'] !== undefined) return undefined;
  const folder = folderIn('/dev/shm');
  if (folder === undefined) return undefined;
  process.env['TMPDIR'] = folder;
  return () => {
    delete process.env['TMPDIR'];
    rmSync(folder, { recursive: true, force: true });
  };
}

/** A new folder there that is big enough and in which programs run; none where there is no such thing. */
function folderIn(memory: string): string | undefined {
  let folder: string | undefined;
  try {
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize < enough) return undefined;
    folder = mkdtempSync(join(memory, 'promote-image-tests-'));
    // Others than this user are let in where a test starts what runs as somebody else.
    chmodSync(folder, 0o755);
    const program = join(folder, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    execFileSync(program);
    return folder;
  } catch {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
}
