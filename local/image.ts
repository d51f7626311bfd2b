import { createHash } from 'node:crypto';
import { Readable, type Writable } from 'node:stream';
import { constants, createZstdCompress, gzipSync } from 'node:zlib';
import { digestFromHex, type Digest } from '../src/domain/reference.ts';
import type { Layer } from './layer.ts';
import { tar, type TarMember } from './tar.ts';

/** How an archive is laid out: as image_builder and skopeo do it, or `docker save` up to 24 and from 25 on. */
export type Layout = 'image_builder' | 'docker-24' | 'docker-25';

/** An image that exists only as its parts. */
export interface LocalImage {
  readonly imageId: Digest;
  readonly config: Uint8Array;
  /** The base first. */
  readonly layers: readonly Layer[];
  /** `name:tag` that the archive gives it. */
  readonly name: string;
}

/** An image of these layers, the base first. `config` is put over a plain linux/amd64 config; same in, same image id out. */
export function makeImage(
  layers: readonly Layer[],
  options: { readonly config?: object; readonly name?: string } = {},
): LocalImage {
  const config = json({
    created: '1970-01-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map((_, at) => ({
      created: '1970-01-01T00:00:00Z',
      created_by: `layer ${at + 1}`,
    })),
    ...options.config,
  });
  return { imageId: sha256(config), config, layers, name: options.name ?? 'local/image:latest' };
}

/** The image's archive, uncompressed, in constant memory (but for the layers that `gzip` asks for). */
export async function* imageArchive(
  image: LocalImage,
  layout: Layout,
  options: { readonly layers?: 'plain' | 'gzip' } = {},
): AsyncGenerator<Uint8Array> {
  if (layout === 'image_builder') yield* tar(likeSkopeo(image));
  else if (layout === 'docker-24') yield* tar(likeDocker24(image));
  else yield* tar(await likeDocker25(image, options.layers === 'gzip' ? gzipped : plain));
}

/** The last block of a zstd frame: raw, and empty. */
const lastBlock = Uint8Array.of(1, 0, 0);

/** Packs bytes, at least one, as one zstd frame; Taskcluster uses level 10 for level 3, else 3. */
export async function* zstd(
  bytes: AsyncIterable<Uint8Array>,
  level = 3,
): AsyncGenerator<Uint8Array> {
  const encoder = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } });
  const feed = async () => {
    for await (const chunk of bytes) await written(encoder, chunk);
    await new Promise<void>((resolve) => encoder.flush(constants.ZSTD_e_flush, resolve));
    // Where the frame ends with one of its buffers, Node's encoder adds an empty second frame: so it never ends one.
    encoder.push(lastBlock);
    encoder.push(null);
  };
  feed().catch((error: unknown) => encoder.destroy(error as Error));
  try {
    yield* encoder as AsyncIterable<Uint8Array>;
  } finally {
    encoder.destroy();
  }
}

function written(stream: Writable, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

function likeSkopeo({ imageId, config, layers, name }: LocalImage): TarMember[] {
  const [, tag = ''] = name.split(':');
  const ids = legacyIds(layers);
  const layerFiles = [...new Map(layers.map((layer) => [`${hexOf(layer.diffId)}.tar`, layer]))];
  const legacy = layers.flatMap(({ diffId }, at) => [
    { name: `${ids[at]}/layer.tar`, type: '2', link: `../${hexOf(diffId)}.tar` },
    { name: `${ids[at]}/VERSION`, body: Buffer.from('1.0') },
    { name: `${ids[at]}/json`, body: legacyJson(ids, at) },
  ]);
  const members = [
    ...layerFiles.map(([file, layer]) => ({ name: file, size: layer.size, body: layer.open })),
    { name: `${hexOf(imageId)}.json`, body: config },
    ...legacy,
    {
      name: 'manifest.json',
      body: json([
        {
          Config: `${hexOf(imageId)}.json`,
          RepoTags: [name],
          Layers: layers.map(({ diffId }) => `${hexOf(diffId)}.tar`),
        },
      ]),
    },
    { name: 'repositories', body: json({ [name.split(':')[0] ?? '']: { [tag]: ids.at(-1) } }) },
  ];
  return members.map((member) => ({ ...member, mode: 0o444 }));
}

function likeDocker24({ imageId, config, layers, name }: LocalImage): TarMember[] {
  const ids = legacyIds(layers);
  const first = (layer: Layer) => layers.findIndex(({ diffId }) => diffId === layer.diffId);
  const folders = layers.map((layer, at) => [
    { name: `${ids[at]}/`, type: '5', mode: 0o755 },
    { name: `${ids[at]}/VERSION`, body: Buffer.from('1.0') },
    { name: `${ids[at]}/json`, body: legacyJson(ids, at) },
    first(layer) === at
      ? { name: `${ids[at]}/layer.tar`, size: layer.size, body: layer.open }
      : { name: `${ids[at]}/layer.tar`, type: '2', link: `../${ids[first(layer)]}/layer.tar` },
  ]);
  const manifest = {
    Config: `${hexOf(imageId)}.json`,
    RepoTags: [name],
    Layers: ids.map((id) => `${id}/layer.tar`),
  };
  const [repository = '', tag = ''] = name.split(':');
  return [
    ...folders.toSorted(([a], [b]) => ((a?.name ?? '') < (b?.name ?? '') ? -1 : 1)).flat(),
    { name: `${hexOf(imageId)}.json`, body: config },
    { name: 'manifest.json', body: json([manifest]) },
    { name: 'repositories', body: json({ [repository]: { [tag]: ids.at(-1) } }) },
  ];
}

async function likeDocker25(image: LocalImage, stored: typeof plain): Promise<TarMember[]> {
  const { imageId, config, name } = image;
  const layers = await Promise.all(image.layers.map(stored));
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', imageId, config.length),
    layers: layers.map(({ type, digest, size }) => descriptor(type, digest, size)),
  });
  const manifestType = 'application/vnd.oci.image.manifest.v1+json';
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [descriptor(manifestType, sha256(manifest), manifest.length)],
  };
  const blobs = new Map<string, TarMember>([
    ...layers.map(({ digest, size, open }) => blob(digest, { size, body: open })),
    blob(imageId, { body: config }),
    blob(sha256(manifest), { body: manifest }),
  ]);
  const listed = {
    Config: blobName(imageId),
    RepoTags: [name],
    Layers: layers.map(({ digest }) => blobName(digest)),
    LayerSources: Object.fromEntries(
      layers.map(({ diffId, type, digest, size }) => [diffId, descriptor(type, digest, size)]),
    ),
  };
  return [
    { name: 'blobs/', type: '5', mode: 0o755 },
    { name: 'blobs/sha256/', type: '5', mode: 0o755 },
    ...[...blobs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, member]) => member),
    { name: 'index.json', body: json(index) },
    { name: 'manifest.json', body: json([listed]) },
    { name: 'oci-layout', body: json({ imageLayoutVersion: '1.0.0' }) },
  ];
}

/** A layer as an OCI layout stores it. */
async function plain({ diffId, size, open }: Layer) {
  return { type: 'application/vnd.oci.image.layer.v1.tar', diffId, digest: diffId, size, open };
}

async function gzipped({ diffId, open }: Layer): ReturnType<typeof plain> {
  const bytes = gzipSync(Buffer.concat(await Array.fromAsync(open())));
  return {
    type: 'application/vnd.oci.image.layer.v1.tar+gzip',
    diffId,
    digest: sha256(bytes),
    size: bytes.length,
    open: () => Readable.from([bytes]),
  };
}

function blob(digest: Digest, member: Omit<TarMember, 'name'>): [string, TarMember] {
  return [digest, { name: blobName(digest), ...member }];
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function descriptor(mediaType: string, digest: Digest, size: number) {
  return { mediaType, digest, size };
}

/** Ids of the old layout: one for each layer and what is below it. */
function legacyIds(layers: readonly Layer[]): string[] {
  const ids: string[] = [];
  for (const { diffId } of layers) ids.push(hexOf(sha256(`${ids.at(-1) ?? ''} ${diffId}`)));
  return ids;
}

function legacyJson(ids: readonly string[], at: number): Buffer {
  return json({ id: ids[at], ...(at > 0 ? { parent: ids[at - 1] } : {}) });
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(bytes: Uint8Array | string): Digest {
  return digestFromHex(createHash('sha256').update(bytes).digest('hex'));
}

function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}
