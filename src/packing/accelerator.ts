import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { plainZlib, type CompressorSetting } from './setting.ts';

/** igzip's levels 0 to 2 take the same time; 3 takes three times as long where the processor has no AVX-512. */
const level = 1;

/** How long a program may take to tell its version, in milliseconds. */
const patience = 2000;

/** igzip where it is on this PATH and says which version it is; else plain zlib. Never fails. */
export async function findCompressor(path: string | undefined): Promise<CompressorSetting> {
  for (const folder of (path ?? '').split(delimiter).filter(isAbsolute)) {
    const program = join(folder, 'igzip');
    const version = await versionOf(program).catch(() => undefined);
    if (version) return { program: 'igzip', path: program, version, level };
  }
  return plainZlib;
}

async function versionOf(program: string): Promise<string | undefined> {
  await access(program, constants.X_OK);
  const options = { env: {}, cwd: '/', timeout: patience, maxBuffer: 4096 };
  const { stdout } = await promisify(execFile)(program, ['--version'], options);
  return /^igzip .*?(\d+(?:\.\d+)+)$/m.exec(stdout)?.[1];
}
