import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { makeImage, imageArchive, zstd, type LocalImage } from './image.ts';
import { makeLayer } from './layer.ts';

/** Bytes that look like a program: the same for the same seed, and compressible by about a half. */
function program(seed: string, size: number): Uint8Array {
  const bytes = Buffer.alloc(size);
  let block = createHash('sha256').update(seed).digest();
  for (let at = 0; at < size; at += 64) {
    block = createHash('sha256').update(block).digest();
    block.copy(bytes, at, 0, Math.min(32, size - at));
  }
  return bytes;
}

/** Debian’s record of an installed Mercurial. */
function dpkgStatus(version: string): string {
  return `Package: mercurial\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}-1\n`;
}

/**
 * An image as a level-3 task would build it: a base, the program, its configuration. Sizes in bytes; images with the
 * same `base` and size share that layer.
 */
export async function sampleImage(
  name: string,
  version: string,
  options: { readonly mercurial?: string; readonly size?: number; readonly base?: string } = {},
): Promise<LocalImage> {
  const { size = 3_000_000, mercurial, base: seed = 'base' } = options;
  const base = await makeLayer({
    'etc/os-release': 'PRETTY_NAME="Debian GNU/Linux 13"\n',
    'usr/lib/libc.so.6': program(seed, size),
    ...(mercurial ? { 'var/lib/dpkg/status': dpkgStatus(mercurial) } : {}),
  });
  const app = await makeLayer({
    [`usr/bin/${name}`]: { contents: program(`${name} ${version}`, size), mode: 0o755 },
  });
  const settings = await makeLayer({ [`etc/${name}/version`]: `${version}\n` });
  return makeImage([base, app, settings], { name: `docker.io/library/${name}:latest` });
}

/** The image as Taskcluster keeps it: image_builder’s layout, zstd. */
export function imageArtifact(image: LocalImage): Readable {
  return Readable.from(zstd(imageArchive(image, 'image_builder')));
}
