import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerRegistry, type DockerRegistry } from '../test/real/docker-registry.ts';
import { account } from './contender.ts';

/** A folder in memory, where the machine has one: what a disk does is not to be measured. */
const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Starts an empty registry that keeps what it gets in memory. */
export function startRegistry(): Promise<DockerRegistry> {
  const { username: user, password } = account;
  return startDockerRegistry({ htpasswd: { user, password }, below: memoryFolder });
}

/** Bytes of all blobs in the registry's store: layers, configs and manifests. */
export async function storedBytes({ folder }: DockerRegistry): Promise<number> {
  const blobs = join(folder, 'data/docker/registry/v2/blobs');
  const files = await readdir(blobs, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    files.filter((file) => file.endsWith('/data')).map((file) => stat(join(blobs, file))),
  );
  return sizes.reduce((sum, { size }) => sum + size, 0);
}
