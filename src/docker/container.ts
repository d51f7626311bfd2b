import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ContainerCreateOptions } from 'dockerode';
import type { Owner } from './folder.ts';
import { labels } from './leftovers.ts';
import type { RepinJob } from './repin.ts';

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
