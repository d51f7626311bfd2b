import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { account, cleanEnv, type Contender, type Task } from './contender.ts';

/** What a person would type, with the download in it. */
export interface ByHand {
  readonly name: string;
  /** The program, and how it tells its version. */
  readonly program: string;
  readonly version: readonly string[];
  readonly usesDocker?: boolean;
  readonly script: string;
}

const unpack = `curl --fail --silent --show-error --location "$ARTIFACT" | zstd --decompress --quiet --stdout`;

export const byHand = {
  skopeo: {
    name: 'skopeo',
    program: 'skopeo',
    version: ['--version'],
    script: `${unpack} > image.tar
skopeo --insecure-policy copy --quiet --dest-tls-verify=false docker-archive:image.tar "docker://$TARGET"`,
  },
  docker: {
    name: 'docker',
    program: 'docker',
    version: ['--version'],
    usesDocker: true,
    script: `${unpack} | docker load --quiet
docker tag "$LOADED" "$TARGET"
docker push --quiet "$TARGET"`,
  },
  crane: {
    name: 'crane',
    program: 'crane',
    version: ['version'],
    script: `${unpack} > image.tar
crane push --insecure image.tar "$TARGET"`,
  },
  regctl: {
    name: 'regctl',
    program: 'regctl',
    version: ['version', '--format', '{{.VCSTag}}'],
    script: `${unpack} > image.tar
regctl image import "$TARGET" image.tar`,
  },
} as const satisfies Record<string, ByHand>;

export type PeerName = keyof typeof byHand;

/** As root skopeo keeps its cache in a place of the system; nobody has one. */
const nobody = 65534;

/** Runs the lines in a shell, in a home of its own where somebody has logged in and nothing else was ever done. */
export function contenderByHand({ name, usesDocker = false, script }: ByHand): Contender {
  const uid = !usesDocker && process.getuid?.() === 0 ? nobody : undefined;
  return {
    name,
    usesDocker,
    prepare: (task) => logIn(task, uid),
    command: (task) => ({
      file: 'sh',
      args: ['-euc', script],
      env: {
        ...cleanEnv(task),
        ARTIFACT: task.artifactUrl,
        TARGET: `${task.registry}/${task.target.name}:${task.target.tag}`,
        LOADED: `local/bench-${task.archive.name.toLowerCase()}:latest`,
        DOCKER_CONFIG: join(task.folder, 'docker'),
        REGISTRY_AUTH_FILE: join(task.folder, 'docker', 'config.json'),
        REGCTL_CONFIG: join(task.folder, 'regctl.json'),
        ...(task.dockerHost ? { DOCKER_HOST: task.dockerHost } : {}),
      },
      folder: task.folder,
      uid,
      doneAt: 'end',
    }),
  };
}

async function logIn({ folder, registry, password }: Task, uid: number | undefined): Promise<void> {
  const auth = Buffer.from(`${account.username}:${password}`).toString('base64');
  await mkdir(join(folder, 'docker'));
  const files = {
    'docker/config.json': { auths: { [registry]: { auth } } },
    'regctl.json': { hosts: { [registry]: { tls: 'disabled' } } },
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  if (uid === undefined) return;
  for (const name of ['', 'docker', ...Object.keys(files)]) {
    await chown(join(folder, name), uid, uid);
  }
}
