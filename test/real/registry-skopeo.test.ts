import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { layerFromFolder } from '../../local/layer.ts';
import { makeImage, type LocalImage } from '../../local/image.ts';
import { startTokenService, type TokenService } from '../../local/token-service.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import { account, canary, limits, pushOf, randomLayer } from '../helpers/registry/push.ts';
import { startDockerRegistry, type DockerRegistry } from '../../local/rig/docker-registry.ts';

const { username } = account();
const name = 'mozillareleases/judged';

describe.each(['open', 'basic', 'bearer'] as const)(
  'skopeo, of a registry with access: %s',
  (auth) => {
    let folder: string;
    let registry: DockerRegistry;
    let tokens: TokenService | undefined;
    let image: LocalImage;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'skopeo-'));
      tokens =
        auth === 'bearer'
          ? await startTokenService({ accounts: { [username]: canary } })
          : undefined;
      const htpasswd = { user: username, password: canary };
      registry = await startDockerRegistry(
        tokens ? { tokens } : auth === 'basic' ? { htpasswd } : {},
      );
      const headers = await layerFromFolder('/usr/include/linux', 'usr/include/linux');
      image = makeImage([headers, await randomLayer(3_000_000), await randomLayer(1)]);
    });
    afterAll(async () => {
      await registry.close();
      await tokens?.close();
      await rm(folder, { recursive: true, force: true });
    });

    it('agrees on the digest, and reads back the same image', async () => {
      const engine = createRegistryEngine({ url: registry.url, limits });
      const pushed = await engine(pushOf(image, { target: { name, tag: '1' } }));
      const reference = `docker://${registry.host}/${name}:1`;
      const creds = auth === 'basic' ? [`${username}:${canary}`] : [];
      const inspected = await execa('skopeo', [
        'inspect',
        '--tls-verify=false',
        ...creds.map((pair) => `--creds=${pair}`),
        '--format={{.Digest}}',
        reference,
      ]);
      expect(inspected.stdout).toBe(pushed.digest);
      const copy = `dir:${join(folder, 'copy')}`;
      const from = ['--src-tls-verify=false', ...creds.map((pair) => `--src-creds=${pair}`)];
      await execa('skopeo', ['--insecure-policy', 'copy', ...from, reference, copy]);
      const archive = join(folder, 'archive.tar');
      // Unpacks every layer and compares it with the config.
      await execa('skopeo', ['--insecure-policy', 'copy', copy, `docker-archive:${archive}:x/y:z`]);
      const { stdout } = await execa('tar', ['-xOf', archive, 'manifest.json']);
      const [entry] = JSON.parse(stdout) as [{ Config: string; Layers: string[] }];
      expect(`sha256:${entry.Config.replace('.json', '')}`).toBe(image.imageId);
      expect(entry.Layers.map((file) => `sha256:${file.replace('.tar', '')}`)).toEqual(
        image.layers.map(({ diffId }) => diffId),
      );
      const manifest = await readFile(join(folder, 'copy', 'manifest.json'), 'utf8');
      expect(JSON.parse(manifest)).toMatchObject({
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      });
    });
  },
);
