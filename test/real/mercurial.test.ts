import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { Container } from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageArchive, makeImage, zstd } from '../../local/image.ts';
import { makeLayer, type LayerFile } from '../../local/layer.ts';
import { createInspect } from '../../src/archive/inspect.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';

const exec = promisify(execFile);
const inspect = createInspect({ unpacked: 2 * 1024 ** 3 });

let dockerd: Dockerd;
let folder: string;

beforeAll(async () => {
  dockerd = await startDockerd();
  folder = await mkdtemp(join(tmpdir(), 'mercurial-test-'));
});
afterAll(async () => {
  await dockerd?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Debian's `mercurial-common` as it is installed here, packed again, perhaps as another version. */
async function debianPackage(version?: string): Promise<{ file: string; upstream: string }> {
  const { stdout: control } = await exec('dpkg', ['-s', 'mercurial-common']);
  const installed = /^Version: (.+)$/m.exec(control)?.[1] ?? '';
  const root = await mkdtemp(join(folder, 'deb-'));
  const { stdout: list } = await exec('dpkg', ['-L', 'mercurial-common']);
  for (const path of list
    .split('\n')
    .filter((line) => /\/(__version__\.py|PKG-INFO)$/.test(line))) {
    await cp(path, join(root, path), { recursive: true });
  }
  const module = join(root, 'usr/lib/python3/dist-packages/mercurial/__version__.py');
  const upstream = (version ?? installed).replace(/-[^-]*$/, '');
  await writeFile(module, (await readFile(module, 'utf8')).replace(/"[\d.]+"/, `"${upstream}"`));
  await mkdir(join(root, 'DEBIAN'));
  const named = control.replace(/^(Status|Conffiles|Config-Version): .*\n( .*\n)*/gm, '');
  await writeFile(
    join(root, 'DEBIAN/control'),
    named
      .replace(/^Package: .*$/m, 'Package: mercurial')
      .replace(/^(Depends|Recommends|Suggests|Breaks|Replaces): .*\n/gm, '')
      .replace(/^Version: .*$/m, `Version: ${version ?? installed}`),
  );
  await exec('dpkg-deb', ['--build', '--root-owner-group', root, `${root}.deb`]);
  return { file: `${root}.deb`, upstream };
}

/** A wheel of this version, as an index would hand it out. */
async function wheel(version: string): Promise<string> {
  const file = join(folder, `mercurial-${version}-py3-none-any.whl`);
  const info = `mercurial-${version}.dist-info`;
  const members = {
    'mercurial/__init__.py': '',
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: mercurial\nVersion: ${version}\n`,
    [`${info}/WHEEL`]:
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: '',
  };
  const script = `import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
  for name, text in json.loads(sys.argv[2]).items(): wheel.writestr(name, text)`;
  await exec('/usr/bin/python3', ['-c', script, file, JSON.stringify(members)]);
  return file;
}

/** These programs of this machine with the libraries that they load. */
async function programs(...names: readonly string[]): Promise<Record<string, LayerFile>> {
  const files: Record<string, LayerFile> = {};
  for (const name of names) {
    const { stdout } = await exec('ldd', [name]);
    const libraries = stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g);
    for (const path of [name, ...[...libraries].map(([, library]) => library ?? '')]) {
      files[path.slice(1)] = { contents: await readFile(path), mode: 0o755 };
    }
  }
  return files;
}

/** What dpkg needs to run, and nothing installed. */
async function dpkgAlone(): Promise<Record<string, LayerFile>> {
  const own = ['dpkg', 'dpkg-deb', 'dpkg-split', 'tar', 'rm'].map((name) => `/usr/bin/${name}`);
  const folders = ['var/lib/dpkg/updates', 'var/lib/dpkg/info', 'var/log', 'tmp'];
  return {
    ...(await programs('/bin/sh', ...own)),
    ...Object.fromEntries(folders.map((path) => [`${path}/.keep`, ''])),
    'var/lib/dpkg/status': '',
  };
}

/** An image in the engine that grows by one layer with every command run in it. */
async function growing(files: Readonly<Record<string, LayerFile>>, binds: readonly string[]) {
  const base = makeImage([await makeLayer(files)]);
  for await (const _ of await dockerd.docker.loadImage(
    Readable.from(imageArchive(base, 'docker-24')),
  ));
  let image: string = base.imageId;
  return {
    async run(...command: readonly string[]) {
      const container: Container = await dockerd.docker.createContainer({
        Image: image,
        Cmd: [...command],
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        HostConfig: { NetworkMode: 'none', Binds: [...binds] },
      });
      const output = await container.attach({ stream: true, stdout: true, stderr: true });
      let said = '';
      output.on('data', (bytes: Buffer) => (said += bytes.toString()));
      await container.start();
      const { StatusCode } = await container.wait();
      if (StatusCode !== 0) throw new Error(`${command.join(' ')} failed: ${said}`);
      image = (await container.commit()).Id;
      await container.remove();
      return said;
    },
    async mercurial() {
      const saved = await dockerd.docker.getImage(image).get();
      return (await inspect(zstd(saved as AsyncIterable<Uint8Array> & typeof saved))).mercurial;
    },
  };
}

describe('Mercurial’s version in an image that grew layer by layer', () => {
  it('with Debian’s package: installed, upgraded, removed', async () => {
    const debian = await debianPackage();
    const gecko = await debianPackage('6.8.1-1.deb12moz1');
    const image = await growing(await dpkgAlone(), [`${folder}:${folder}:ro`]);
    expect(await image.mercurial()).toBeUndefined();
    await image.run('dpkg', '--force-bad-path', '--install', debian.file);
    expect(await image.mercurial()).toBe(debian.upstream);
    await image.run('dpkg', '--force-bad-path', '--install', gecko.file);
    expect(await image.mercurial()).toBe('6.8.1');
    await image.run('dpkg', '--force-bad-path', '--remove', 'mercurial');
    expect(await image.mercurial()).toBeUndefined();
  });

  it('with Debian’s package in an image whose list of packages is deleted, then its files', async () => {
    const debian = await debianPackage();
    const image = await growing(await dpkgAlone(), [`${folder}:${folder}:ro`]);
    await image.run('dpkg', '--force-bad-path', '--install', debian.file);
    await image.run('rm', '-r', '/var/lib/dpkg');
    expect(await image.mercurial()).toBe(debian.upstream);
    await image.run('rm', '-r', '/usr/lib/python3');
    expect(await image.mercurial()).toBeUndefined();
  });

  it('with pip: installed, upgraded, removed', async () => {
    const python = (await exec('readlink', ['-f', '/usr/bin/python3'])).stdout.trim();
    const library = join('/usr/lib', python.split('/').at(-1) ?? '');
    const image = await growing({ ...(await programs(python)), 'tmp/.keep': '' }, [
      `${folder}:${folder}:ro`,
      `${library}:${library}:ro`,
      '/usr/lib/python3:/usr/lib/python3:ro',
    ]);
    const pip = (verb: string, ...args: string[]) =>
      image.run(python, '-m', 'pip', verb, '--break-system-packages', ...args);
    await pip('install', '--no-index', await wheel('6.8'));
    expect(await image.mercurial()).toBe('6.8');
    await pip('install', '--no-index', '--upgrade', await wheel('7.0.1'));
    expect(await image.mercurial()).toBe('7.0.1');
    await pip('uninstall', '--yes', 'mercurial');
    expect(await image.mercurial()).toBeUndefined();
  });
});
