import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export interface Crane {
  (...args: readonly string[]): Promise<string>;
  /** Removes the program. */
  close(): Promise<void>;
}

/** The version whose archives are read in these tests. */
const module = 'github.com/google/go-containerregistry/cmd/crane@v0.22.1';

/** Builds crane with Go, whose own cache makes that quick the next time. Throws where it can't be built. */
export async function buildCrane(): Promise<Crane> {
  const folder = await mkdtemp(join(tmpdir(), 'crane-'));
  await exec('go', ['install', module], {
    env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0' },
  });
  const run = async (...args: readonly string[]) =>
    (await exec(join(folder, 'crane'), args)).stdout.trim();
  return Object.assign(run, { close: () => rm(folder, { recursive: true, force: true }) });
}
