import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('a packing thread leaves nothing in the bot’s folder where Node keeps no compiled code', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-packing-'));
  const script = `
    const { inspectArchive } = await import(process.argv[1]);
    const bytes = async function* () { yield Buffer.from('no archive'); };
    await inspectArchive(bytes(), { unpacked: 1e9 }).catch(({ reason }) => console.log(reason));`;
  const module = new URL('../../src/packing/thread.ts', import.meta.url).href;
  try {
    const args = ['--input-type=module', '--eval', script, module];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env: {} });
    expect(stdout).toBe('archive-zstd\n');
    expect(await readdir(folder)).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
