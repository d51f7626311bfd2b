import { join } from 'node:path';
import { startDockerd, type Dockerd } from '../local/rig/dockerd.ts';
import { folderSize } from './folder-size.ts';

/** A Docker engine of the bench's own, or why there is none. */
export async function startEngine(): Promise<Dockerd | string> {
  try {
    return await startDockerd();
  } catch (error) {
    return `no Docker engine: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Removes every image, so that the next push starts from nothing. */
export async function emptyEngine({ docker }: Dockerd): Promise<void> {
  for (const { Id } of await docker.listImages()) {
    await docker.getImage(Id).remove({ force: true });
  }
}

/** Bytes that the engine keeps on its disk. */
export function engineBytes({ folder }: Dockerd): Promise<number> {
  return folderSize(join(folder, 'data'));
}
