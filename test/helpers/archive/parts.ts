import { createHash } from 'node:crypto';
import { constants, zstdCompressSync } from 'node:zlib';
import { padding, tarEnd, tarHeader, type TarFields } from '../../../local/tar.ts';

/** An image in pieces, so that a test can put them together wrongly. In image_builder's layout where nothing else is said. */
export interface Parts {
  readonly layers: readonly Buffer[];
  readonly config: Buffer;
  readonly manifest: object;
}

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
export const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** One entry of a tar, header and body and padding. */
export const entry = (fields: TarFields, body: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([tarHeader({ size: body.length, ...fields }), body, padding(body.length)]);

/** A whole tar. */
export const tarOf = (...entries: readonly Uint8Array[]) => Buffer.concat([...entries, tarEnd]);

/** A layer with one file. */
export const layerOf = (name: string, text: string) => tarOf(entry({ name }, Buffer.from(text)));

export const configOf = (layers: readonly Buffer[], more: object = {}) =>
  json({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    ...more,
  });

export const manifestOf = (layers: readonly Buffer[], config: Buffer, more: object = {}) => ({
  Config: `${sha256(config)}.json`,
  RepoTags: ['build-decision:latest'],
  Layers: layers.map((layer) => `${sha256(layer)}.tar`),
  ...more,
});

export function partsOf(layers: readonly Buffer[], config = configOf(layers)): Parts {
  return { layers, config, manifest: manifestOf(layers, config) };
}

/** Two layers, nothing wrong with them. */
export const sound = () => partsOf([layerOf('etc/base', 'base'), layerOf('bin/tool', 'tool')]);

export const layerEntry = (layer: Buffer) => entry({ name: `${sha256(layer)}.tar` }, layer);
export const configEntry = (config: Buffer) => entry({ name: `${sha256(config)}.json` }, config);
export const manifestEntry = (...images: readonly object[]) =>
  entry({ name: 'manifest.json' }, json(images));

/** The entries of an archive in skopeo's order. */
export const entriesOf = ({ layers, config, manifest }: Parts) => [
  ...layers.map(layerEntry),
  configEntry(config),
  manifestEntry(manifest),
];

/** One zstd frame. */
export const packed = (bytes: Uint8Array) => zstdCompressSync(bytes);

export const packedWithChecksum = (bytes: Uint8Array) =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

/** A frame written by hand: `start` as it is, then `zeros` zero bytes, 128 KiB in every 4 bytes. */
export function bomb(start: Uint8Array, zeros: number, windowLog = 20): Buffer {
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3]);
  const run = 128 * 1024;
  const runs = Array.from({ length: zeros / run }, () => block('run', run, Buffer.alloc(1)));
  return Buffer.concat([
    header,
    block('raw', start.length, start),
    ...runs,
    block('last', 0, Buffer.alloc(0)),
  ]);
}

function block(kind: 'raw' | 'run' | 'last', size: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(3);
  head.writeUIntLE((size << 3) | { raw: 0b000, run: 0b010, last: 0b001 }[kind], 0, 3);
  return Buffer.concat([head, body]);
}

/** Bytes as they would come from a socket. */
export async function* inChunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
