import type { RepinLimits } from '../domain/image.ts';
import type { DockerVariables } from './host.ts';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import type { Owner } from './folder.ts';
import { labels } from './leftovers.ts';

export interface RepinJob {
  /** As DOCKER_HOST is written; the engine must see the same file system. @default unix:///var/run/docker.sock */
  readonly dockerHost?: string | undefined;
  /** How it is to be reached by TLS. */
  readonly dockerTls?: Omit<DockerVariables, 'DOCKER_HOST'> | undefined;
  /** The image of ours whose requirement files are pinned again, for messages. */
  readonly name: string;
  /** The image to run, pulled where the engine does not have it. */
  readonly image: string;
  /** Program and arguments; the image's own entrypoint does not count. */
  readonly command: readonly string[];
  /** A fresh checkout, an absolute path. Its files may be changed, its `.git` may not. */
  readonly folder: string;
  /** Where in the checkout the command starts. */
  readonly workdir: string;
  readonly network: boolean;
  readonly limits: RepinLimits;
  readonly signal: AbortSignal;
  /** Bytes that everybody else on the machine may write meanwhile. @default 1 GiB */
  readonly others?: number | undefined;
  /** Milliseconds without a sign of life after which the engine is given up. @default 60000 */
  readonly idle?: number | undefined;
}

export type ContainerJob = RepinJob & {
  readonly user: Owner;
  /** Paths that the image declares as volumes. */
  readonly volumes: readonly string[];
};

const inside = '/checkout';

/** A container that can do nothing but run the command on the checkout. */
export function containerOf(job: ContainerJob): ContainerCreateOptions {
  const { command, limits, user } = job;
  const [program = '', ...args] = command;
  const git = join(job.folder, '.git');
  const scratch = `rw,exec,nosuid,mode=1777,size=${limits.memory}`;
  return {
    Image: job.image,
    Entrypoint: [program],
    Cmd: args,
    WorkingDir: posix.join(inside, job.workdir),
    User: `${user.uid}:${user.gid}`,
    Env: ['HOME=/tmp', 'LANG=C.UTF-8'],
    // A minute more than the command may take: time to be removed in.
    Labels: { ...labels(Date.now() + limits.time + 60_000) },
    NetworkDisabled: !job.network,
    HostConfig: {
      NetworkMode: job.network ? 'default' : 'none',
      Mounts: [
        { Type: 'bind', Source: job.folder, Target: inside },
        // git outside would run what its configuration says.
        ...(existsSync(git)
          ? [{ Type: 'bind' as const, Source: git, Target: `${inside}/.git`, ReadOnly: true }]
          : []),
      ],
      ReadonlyRootfs: true,
      // A volume that the image declares would be on the engine’s disk, and nobody would measure it.
      Tmpfs: Object.fromEntries(['/tmp', ...job.volumes].map((at) => [at, scratch])),
      Memory: limits.memory,
      MemorySwap: limits.memory,
      NanoCpus: Math.round(limits.processors * 1e9),
      PidsLimit: limits.processes,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      // One file alone can't go far beyond the limit before it is seen.
      Ulimits: [
        { Name: 'fsize', Soft: limits.disk, Hard: limits.disk },
        { Name: 'core', Soft: 0, Hard: 0 },
      ],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
      RestartPolicy: { Name: '' },
    },
  };
}
