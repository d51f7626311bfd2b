import { hostname } from 'node:os';
import type Docker from 'dockerode';

const kind = 'promote-image=repin';

/** The containers that this process has under way. */
const ours = new Set<string>();

/** What marks a container as one of ours, whose it is, and from when on (ms since 1970) it is nobody's any more. */
export function labels(until: number): Readonly<Record<string, string>> {
  return {
    'promote-image': 'repin',
    'promote-image.owner': `${hostname()} ${process.pid}`,
    'promote-image.until': String(until),
  };
}

/** Removes the container when the work with it is over, however that ends. */
export async function removing<T>(container: Docker.Container, work: () => Promise<T>): Promise<T> {
  ours.add(container.id);
  try {
    return await work();
  } finally {
    ours.delete(container.id);
    // Where the engine is gone there is nothing to remove it with.
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}

/**
 * Removes what a bot left behind that was killed. Replicas may share an engine: a container is let live while the
 * process that made it does, as far as that can be told from here, and otherwise until its time is over.
 */
export async function removeLeftovers(docker: Docker, now: number): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { label: [kind] } });
  for (const { Id, Labels } of found) {
    if (ours.has(Id) || !isLeft(Labels, now)) continue;
    await docker
      .getContainer(Id)
      .remove({ force: true, v: true })
      .catch(() => undefined);
  }
}

function isLeft(given: Readonly<Record<string, string>>, now: number): boolean {
  const [host, pid] = (given['promote-image.owner'] ?? '').split(' ');
  if (now > Number(given['promote-image.until'] ?? 0)) return true;
  return host === hostname() && !isAlive(Number(pid));
}

/** Ours would be known: one with our own number was made by whoever had it before us. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
