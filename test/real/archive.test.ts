import { execFile, execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { imageArchive, makeImage, zstd, type LocalImage } from '../../local/image.ts';
import { layerFromFolder, layerFromTar, makeLayer } from '../../local/layer.ts';
import { readArchive } from '../../src/archive/archive.ts';
import { buildCrane, type Crane } from '../helpers/real/crane.ts';
import { startDockerRegistry, type DockerRegistry } from '../../local/rig/docker-registry.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';

const exec = promisify(execFile);
const limits = { unpacked: 1024 ** 3 };
const layouts = ['image_builder', 'docker-24', 'docker-25'] as const;

let folder: string;
let image: LocalImage;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'));
  const tree = join(folder, 'tree');
  await mkdir(join(tree, `${'deep/'.repeat(30)}er`), { recursive: true });
  await writeFile(join(tree, `${'deep/'.repeat(30)}er`, 'file'), 'content');
  await exec('tar', ['--format=gnu', '-cf', join(folder, 'gnu.tar'), '-C', folder, 'tree']);
  await exec('tar', ['--format=posix', '-cf', join(folder, 'posix.tar'), '-C', folder, 'tree']);
  const empty = await makeLayer({});
  image = makeImage([
    await makeLayer({ 'etc/os-release': 'ID=test\n', 'bin/sh': { symlink: 'busybox' } }),
    empty,
    await layerFromFolder('/usr/share/debconf', 'usr/share/debconf'),
    await layerFromTar(join(folder, 'gnu.tar')),
    empty,
    await layerFromTar(join(folder, 'posix.tar')),
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const contents = () => ({
  imageId: image.imageId,
  layers: image.layers.map(({ diffId, size }) => ({ diffId, size })),
  platform: 'linux/amd64',
});

async function write(layout: (typeof layouts)[number], layers: 'plain' | 'gzip' = 'plain') {
  const file = join(folder, `${layout}-${layers}.tar`);
  await writeFile(file, imageArchive(image, layout, { layers }));
  return file;
}

describe('skopeo', () => {
  it.each([
    ['image_builder', 'plain'],
    ['docker-24', 'plain'],
    ['docker-25', 'plain'],
    ['docker-25', 'gzip'],
  ] as const)('reads an archive that was laid out as %s with %s layers', async (layout, layers) => {
    const to = join(folder, `from-${layout}-${layers}`);
    const from = `docker-archive:${await write(layout, layers)}`;
    await exec('skopeo', ['--insecure-policy', 'copy', from, `dir:${to}`]);
    const manifest = JSON.parse(await readFile(join(to, 'manifest.json'), 'utf8'));
    expect(manifest.config.digest).toBe(image.imageId);
    expect(manifest.layers).toHaveLength(image.layers.length);
  });

  it('writes archives that are read: image_builder’s layout', async () => {
    const file = join(folder, 'skopeo.tar');
    const from = `docker-archive:${await write('docker-24')}`;
    await exec('skopeo', ['--insecure-policy', 'copy', from, `docker-archive:${file}:a/b:latest`]);
    expect(await readArchive(zstd(createReadStream(file), 10), { limits })).toMatchObject(
      contents(),
    );
    const names = (of: string) => execFileSync('tar', ['-tf', of]).toString().split('\n');
    const shape = (of: string) => names(of).map((name) => name.replaceAll(/[0-9a-f]{64}/g, '…'));
    expect(shape(await write('image_builder')).toSorted()).toEqual(shape(file).toSorted());
  });
});

describe('zstd', () => {
  it.each([
    '-3',
    '-10',
    '-10 -T0',
    '-19 --check',
    '--fast=5 --no-check',
    '--ultra -20',
    '--long=25',
  ])('packs what is read: zstd %s', async (options) => {
    const file = `${await write('image_builder')}.zst`;
    await exec('zstd', [
      '-q',
      '-f',
      ...options.split(' '),
      await write('image_builder'),
      '-o',
      file,
    ]);
    expect(await readArchive(createReadStream(file), { limits })).toMatchObject(contents());
  });

  it('packs a stream, of which it does not know the size', async () => {
    const file = `${await write('image_builder')}.zst`;
    await exec('sh', ['-c', 'zstd -q -10 < "$1" > "$2"', 'sh', await write('image_builder'), file]);
    expect(await readArchive(createReadStream(file), { limits })).toMatchObject(contents());
  });

  it('packs with a window that is refused: --long=31', async () => {
    const file = `${await write('image_builder')}.zst`;
    const pack = 'zstd -q --long=31 < "$1" > "$2"';
    await exec('sh', ['-c', pack, 'sh', await write('image_builder'), file]);
    await expect(readArchive(createReadStream(file), { limits })).rejects.toMatchObject({
      reason: 'archive-zstd',
      facts: { problem: expect.stringContaining('window of 2147483648 bytes') },
    });
  });
});

describe('crane', () => {
  let crane: Crane;
  let registry: DockerRegistry;
  beforeAll(async () => {
    crane = await buildCrane();
  }, 600_000);
  afterAll(() => crane?.close());
  // skopeo remembers of each registry what it has, in whatever form.
  beforeEach(async () => {
    registry = await startDockerRegistry();
  });
  afterEach(() => registry?.close());

  it.each([
    ['gzip', ['--format', 'v2s2'], '.tar.gz'],
    ['zstd', ['--format', 'oci', '--dest-compress-format', 'zstd'], '.tar.zst'],
  ] as const)('pulls an archive that is read, with %s layers', async (kind, options, extension) => {
    const reference = `${registry.host}/crane/${kind}:latest`;
    const from = `docker-archive:${await write('image_builder')}`;
    const insecure = ['--insecure-policy', 'copy', '--dest-tls-verify=false'];
    await exec('skopeo', [...insecure, ...options, from, `docker://${reference}`]);
    const file = join(folder, `crane-${kind}.tar`);
    await crane('pull', '--insecure', reference, file);
    const names = execFileSync('tar', ['-tf', file]).toString();
    expect(names).toContain(`${extension}\n`);
    const read = await readArchive(zstd(createReadStream(file), 10), { limits });
    const { layers, platform } = contents();
    expect(read).toMatchObject({ layers, platform });
  });
});

describe('docker save', () => {
  let dockerd: Dockerd;
  beforeAll(async () => {
    dockerd = await startDockerd();
  });
  afterAll(() => dockerd?.close());

  it.each(layouts)('writes an archive that is read, of an image loaded from %s', async (layout) => {
    await dockerd.docker.loadImage(await write(layout)).then(drain);
    const saved = await dockerd.docker.getImage(image.imageId).get();
    const read = await readArchive(zstd(saved as AsyncIterable<Buffer> & typeof saved), { limits });
    expect(read).toMatchObject(contents());
    await dockerd.docker.getImage(image.imageId).remove({ force: true });
  });

  async function drain(stream: NodeJS.ReadableStream) {
    for await (const event of stream) expect(String(event)).not.toContain('error');
  }
});
