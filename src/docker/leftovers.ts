import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type Docker from 'dockerode';
import { isAlive } from '../net/alive.ts';

const kind = 'promote-image=repin';

/** This process, told from one that had its number before. */
const us = `${hostname()} ${process.pid} ${randomUUID()}`;

/** What marks a container as one of ours, whose it is, and from when on (ms since 1970) it is nobody's any more. */
export function labels(until: number): Readonly<Record<string, string>> {
  return {
    'promote-image': 'repin',
    'promote-image.owner': us,
    'promote-image.until': String(until),
  };
}

/**
 * Removes what a bot left behind that was killed. Replicas may share an engine: a container is let live while the
 * process that made it does, as far as that can be told from here, and otherwise until its time is over.
 */
export async function removeLeftovers(docker: Docker, now: number): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: { label: [kind] } });
  for (const { Id, Labels } of found) {
    if (!isLeft(Labels, now)) continue;
    const container = docker.getContainer(Id);
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}

function isLeft(given: Readonly<Record<string, string>>, now: number): boolean {
  const owner = given['promote-image.owner'] ?? '';
  if (owner === us) return false;
  if (now > Number(given['promote-image.until'] ?? 0)) return true;
  const [host, pid] = owner.split(' ');
  return host === hostname() && !isAlive(Number(pid));
}
