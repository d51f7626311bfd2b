import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Digest } from '../../../src/domain/reference.ts';

/** A small image as a registry holds it, made without any code of `src`. */
export interface SmallImage {
  readonly imageId: Digest;
  readonly digest: Digest;
  readonly manifest: Buffer;
  readonly config: Buffer;
  readonly layers: readonly {
    readonly diffId: Digest;
    readonly size: number;
    readonly blob: Buffer;
  }[];
}

export const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';

/** An image of these layers (raw bytes), or of one layer of random bytes; with a plain config unless one is given. */
export function smallImage(
  raw: readonly Buffer[] = [randomBytes(3000)],
  itsConfig?: Buffer,
): SmallImage {
  const layers = raw.map((bytes) => ({
    diffId: digestOf(bytes),
    size: bytes.length,
    blob: gzipSync(bytes),
  }));
  const config =
    itsConfig ??
    json({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    });
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: config.length,
      digest: digestOf(config),
    },
    layers: layers.map(({ blob }) => ({
      mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
      size: blob.length,
      digest: digestOf(blob),
    })),
  });
  return { imageId: digestOf(config), digest: digestOf(manifest), manifest, config, layers };
}

export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Where an image goes, and the header that lets it. */
export interface Place {
  readonly url: string;
  readonly name: string;
  readonly tag: string;
  readonly authorization?: string | undefined;
}

/** Pushes with plain `fetch`, as the spec says: somebody else who writes to the same registry. */
export async function pushPlainly(place: Place, image: SmallImage): Promise<void> {
  const { url, name, tag, authorization } = place;
  const headers: Record<string, string> = authorization ? { authorization } : {};
  for (const blob of [image.config, ...image.layers.map((layer) => layer.blob)]) {
    const started = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: 'POST', headers });
    if (started.status !== 202) throw new Error(`${started.status} to POST`);
    const at = new URL(started.headers.get('location') ?? '', url);
    at.searchParams.set('digest', digestOf(blob));
    const body = new Uint8Array(blob);
    const type = { 'content-type': 'application/octet-stream' };
    const put = await fetch(at, { method: 'PUT', headers: { ...headers, ...type }, body });
    if (put.status !== 201) throw new Error(`${put.status} to PUT`);
  }
  const put = await fetch(`${url}/v2/${name}/manifests/${tag}`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': mediaType },
    body: new Uint8Array(image.manifest),
  });
  if (put.status !== 201) throw new Error(`${put.status} to PUT manifest: ${await put.text()}`);
}
