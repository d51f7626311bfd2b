import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startDockerRegistry, type DockerRegistry } from '../local/rig/docker-registry.ts';
import { account } from './contender.ts';

/** A folder in memory, where the machine has one: what a disk does is not to be measured. */
const memoryFolder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Starts an empty registry that keeps what it gets in memory. */
export function startRegistry(): Promise<DockerRegistry> {
  const { username: user, password } = account;
  return startDockerRegistry({ htpasswd: { user, password }, below: memoryFolder });
}
