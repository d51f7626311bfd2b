import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { LocalImage } from '../../../local/image.ts';
import type { Digest } from '../../../src/domain/reference.ts';
import { digestOf, mediaType as schema2, type Place } from './image.ts';

/** A manifest that carries an image's id, with the blobs that it names. Made and pushed without any code of `src`. */
export interface Twin {
  readonly digest: Digest;
  readonly manifest: Buffer;
  readonly mediaType: string;
  readonly blobs: readonly Buffer[];
  /** The manifests that an index names. */
  readonly parts: readonly Buffer[];
}

interface Blob {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

const types = {
  gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  tar: 'application/vnd.docker.image.rootfs.diff.tar',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  list: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
} as const;

/** What nobody approved: a tar with something else in it. */
export const evil = Buffer.concat([Buffer.from('evil'.padEnd(512, '\0')), Buffer.alloc(1024)]);

const packed = (bytes: Buffer): Blob => ({ bytes: gzipSync(bytes), mediaType: types.gzip });

/** How a blob can be another layer than its place says, or one to some readers and another to others. */
export const wrongLayers = {
  'another layer': () => packed(evil),
  'another layer as a plain tar': () => ({ bytes: evil, mediaType: types.tar }),
  'another layer in zstd': () => ({ bytes: zstdCompressSync(evil), mediaType: types.zstd }),
  'bytes behind its gzip': (good) => {
    const member = gzipSync(good);
    // Whoever looks at the end only sees the sound checksum again.
    const bytes = Buffer.concat([member, evil, member.subarray(-8)]);
    return { bytes, mediaType: types.gzip };
  },
  'two gzip members': (good) => {
    const halves = [good.subarray(0, 700), good.subarray(700)];
    return { bytes: Buffer.concat(halves.map((half) => gzipSync(half))), mediaType: types.gzip };
  },
  'a second, empty gzip member': (good) => {
    const both = [gzipSync(good), gzipSync('')];
    return { bytes: Buffer.concat(both), mediaType: types.gzip };
  },
} as const satisfies Readonly<Record<string, (good: Buffer) => Blob>>;

/** The image with one layer exchanged, or packed as somebody else would. */
export async function twinOf(
  image: LocalImage,
  { wrong, at = 1 }: { readonly wrong?: (good: Buffer) => Blob; readonly at?: number } = {},
): Promise<Twin> {
  const layers: Blob[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const good = Buffer.concat(await Array.fromAsync(layer.open()));
    layers.push(wrong && index === at ? wrong(good) : packed(good));
  }
  return twinWith(image, layers);
}

/** The image with a layer as a plain tar: its own. */
export async function plainTwinOf(image: LocalImage): Promise<Twin> {
  return twinOf(image, { wrong: (good) => ({ bytes: good, mediaType: types.tar }) });
}

/** A manifest that names its layers twice, in small letters the image's own, in capitals others. */
export async function twoFacedTwinOf(image: LocalImage): Promise<Twin> {
  const good = await twinOf(image);
  const bad = await twinOf(image, { wrong: () => packed(evil) });
  const { layers } = JSON.parse(bad.manifest.toString()) as { layers: object };
  const both = { ...(JSON.parse(good.manifest.toString()) as object), Layers: layers };
  return named({
    ...good,
    manifest: Buffer.from(JSON.stringify(both)),
    blobs: [...good.blobs, ...bad.blobs],
  });
}

/** A list of manifests that leads to a wrong twin. */
export async function listedTwinOf(image: LocalImage): Promise<Twin> {
  const bad = await twinOf(image, { wrong: () => packed(evil) });
  const { digest, manifest } = bad;
  const platform = { os: 'linux', architecture: 'amd64' };
  const entry = { mediaType: schema2, size: manifest.length, digest, platform };
  const list = { schemaVersion: 2, mediaType: types.list, manifests: [entry] };
  const bytes = Buffer.from(JSON.stringify(list));
  return named({ ...bad, manifest: bytes, mediaType: types.list, parts: [manifest] });
}

function twinWith({ imageId, config }: LocalImage, layers: readonly Blob[]): Twin {
  const manifest = {
    schemaVersion: 2,
    mediaType: schema2,
    config: { mediaType: types.config, size: config.length, digest: imageId },
    layers: layers.map(({ bytes, mediaType }) => {
      return { mediaType, size: bytes.length, digest: digestOf(bytes) };
    }),
  };
  const blobs = [Buffer.from(config), ...layers.map(({ bytes }) => bytes)];
  const bytes = Buffer.from(JSON.stringify(manifest));
  return named({ manifest: bytes, mediaType: schema2, blobs, parts: [] });
}

function named(twin: Omit<Twin, 'digest'>): Twin {
  return { ...twin, digest: digestOf(twin.manifest) };
}

/** Puts it under a tag with plain `fetch`, as somebody else who may push there. */
export async function placeTwin(place: Place, twin: Twin): Promise<void> {
  const { url, name, tag } = place;
  const headers: Record<string, string> = place.authorization
    ? { authorization: place.authorization }
    : {};
  const put = async (at: URL | string, body: Buffer, type: string): Promise<void> => {
    const given = { ...headers, 'content-type': type };
    const answer = await fetch(at, { method: 'PUT', headers: given, body: new Uint8Array(body) });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
  };
  for (const blob of twin.blobs) {
    const started = await fetch(`${url}/v2/${name}/blobs/uploads/`, { method: 'POST', headers });
    const at = new URL(started.headers.get('location') ?? '', url);
    at.searchParams.set('digest', digestOf(blob));
    await put(at, blob, 'application/octet-stream');
  }
  const at = `${url}/v2/${name}/manifests`;
  for (const part of twin.parts) await put(`${at}/${digestOf(part)}`, part, schema2);
  await put(`${at}/${tag}`, twin.manifest, twin.mediaType);
}

/** What whoever pulls the tag gets: the diffID of each layer, each blob read as one gzip file to its end. */
export async function pulledFrom(place: Place): Promise<readonly Digest[]> {
  const { url, name, tag, authorization } = place;
  const headers: Record<string, string> = authorization ? { authorization } : {};
  const get = async (path: string, accept: string): Promise<Buffer> => {
    const answer = await fetch(`${url}/v2/${name}/${path}`, { headers: { ...headers, accept } });
    if (answer.status !== 200) throw new Error(`${answer.status} to ${path}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const manifest = JSON.parse((await get(`manifests/${tag}`, schema2)).toString()) as {
    layers: readonly { readonly digest: string }[];
  };
  const layers = manifest.layers.map(({ digest }) => get(`blobs/${digest}`, '*/*'));
  return (await Promise.all(layers)).map((blob) => digestOf(gunzipSync(blob)));
}
