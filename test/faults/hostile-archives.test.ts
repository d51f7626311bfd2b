import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { zstd as zstdOf } from '../../local/image.ts';
import { paxHeader, tarEnd, tarHeader, withChecksum } from '../../local/tar.ts';
import { readArchive } from '../../src/archive/archive.ts';
import { PromotionError } from '../../src/domain/errors.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import {
  bomb,
  configEntry,
  configOf,
  entriesOf,
  entry,
  inChunks,
  json,
  layerEntry,
  layerOf,
  manifestEntry,
  manifestOf,
  packed,
  packedWithChecksum,
  sha256,
  sound,
  tarOf,
} from '../helpers/archive/parts.ts';

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const limits = { unpacked: 8 * GiB };
const refusedWithin = 5000;
const memoryAllowed = 128 * MiB;

/** A hostile archive: packed bytes, the reason, and what the sentence must say. */
type Case = readonly [
  name: string,
  bytes: () => Uint8Array | AsyncIterable<Uint8Array>,
  reason: Reason,
  says: RegExp,
];

const image = sound();
const good = tarOf(...entriesOf(image));
const [base, tool] = image.layers as [Buffer, Buffer];
const hex = sha256(Buffer.from('anything'));

/** The sound image with one more entry in front of the manifest. */
const withEntry = (...more: readonly Uint8Array[]) =>
  packed(
    tarOf(
      ...image.layers.map(layerEntry),
      configEntry(image.config),
      ...more,
      manifestEntry(image.manifest),
    ),
  );
const withManifest = (...images: readonly object[]) =>
  packed(
    tarOf(
      ...image.layers.map(layerEntry),
      configEntry(image.config),
      entry({ name: 'manifest.json' }, json(images)),
    ),
  );
const withManifestText = (text: string) =>
  packed(
    tarOf(
      ...image.layers.map(layerEntry),
      configEntry(image.config),
      entry({ name: 'manifest.json' }, Buffer.from(text)),
    ),
  );
const withConfig = (config: Buffer, layers = image.layers) =>
  packed(
    tarOf(
      ...layers.map(layerEntry),
      configEntry(config),
      manifestEntry(manifestOf(layers, config)),
    ),
  );
const flipped = (bytes: Uint8Array, at: number) => {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 0xff;
  return copy;
};
const headerWith = (change: (block: Buffer) => void) => {
  const block = tarHeader({ name: `${hex}.tar` });
  change(block);
  return withChecksum(block);
};
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
const layerHeader = (size: number) => tarHeader({ name: `${hex}.tar`, size });
const million = (name: (n: number) => string) =>
  zstdOf(
    (async function* () {
      for (let n = 0; n < 1_000_000; n += 1) yield tarHeader({ name: name(n) });
    })(),
  );
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const zstd: readonly Case[] = [
  [
    'a bomb of 4 GiB of zeros',
    () => bomb(Buffer.alloc(512), 4 * GiB),
    'archive-ratio',
    /200 times/,
  ],
  [
    'a bomb of 4 GiB of zeros in a layer',
    () => bomb(layerHeader(4 * GiB), 4 * GiB),
    'archive-ratio',
    /200 times/,
  ],
  [
    'a bomb with the largest window',
    () => bomb(layerHeader(4 * GiB), 4 * GiB, 25),
    'archive-ratio',
    /200 times/,
  ],
  ['a window of 2 GiB', () => bomb(good, 0, 31), 'archive-zstd', /window of 2147483648 bytes/],
  ['a window of 64 MiB', () => bomb(good, 0, 26), 'archive-zstd', /window of 67108864 bytes/],
  [
    'a single segment of 1 TiB',
    () => Buffer.concat([Buffer.from('28b52ffde00000000000010000', 'hex'), Buffer.alloc(99)]),
    'archive-zstd',
    /window of 1099511627776 bytes/,
  ],
  ['a second frame', () => Buffer.concat([packed(good), packed(good)]), 'archive-zstd', /second/],
  [
    'an empty second frame',
    () => Buffer.concat([packed(good), packed(Buffer.alloc(0))]),
    'archive-zstd',
    /second frame/,
  ],
  [
    'an archive cut into two frames',
    () => Buffer.concat([packed(good.subarray(0, 1024)), packed(good.subarray(1024))]),
    'archive-zstd',
    /second frame/,
  ],
  [
    'a skippable frame in front',
    () => Buffer.concat([skippable, packed(good)]),
    'archive-zstd',
    /begins with a skippable/,
  ],
  [
    'a skippable frame behind',
    () => Buffer.concat([packed(good), skippable]),
    'archive-zstd',
    /skippable frame follows/,
  ],
  [
    'a wrong checksum',
    () => flipped(packedWithChecksum(good), -1),
    'archive-zstd',
    /checksum is wrong/,
  ],
  ['a damaged block', () => flipped(packed(good), 10), 'archive-zstd', /damaged/],
  [
    'one byte behind',
    () => Buffer.concat([packed(good), Buffer.alloc(1)]),
    'archive-zstd',
    /after/,
  ],
  [
    'a reserved block',
    () => Buffer.from('28b52ffd0058' + '070000', 'hex'),
    'archive-zstd',
    /reserved type/,
  ],
  [
    'a block larger than zstd allows',
    () => Buffer.from('28b52ffd0058' + 'f9ffff', 'hex'),
    'archive-zstd',
    /too large/,
  ],
  ['a dictionary', () => Buffer.from('28b52ffd01580a010000', 'hex'), 'archive-zstd', /dictionary/],
  ['a reserved header bit', () => Buffer.from('28b52ffd0858010000', 'hex'), 'archive-zstd', /bit/],
  ['no bytes', () => Buffer.alloc(0), 'archive-zstd', /cut off/],
  ['a tar that is not packed', () => good, 'archive-zstd', /does not begin like zstd/],
  ['gzip instead of zstd', () => gzipSync(good), 'archive-zstd', /does not begin like zstd/],
  ['an HTML page', () => Buffer.from('<!doctype html>'), 'archive-zstd', /begin like zstd/],
];

const tar: readonly Case[] = [
  ['a tar cut off in a header', () => packed(good.subarray(0, 700)), 'archive-tar', /cut off/],
  ['a tar cut off in a layer', () => packed(good.subarray(0, 1500)), 'archive-tar', /cut off/],
  ['no end marker', () => packed(good.subarray(0, -1024)), 'archive-tar', /end marker/],
  ['half an end marker', () => packed(good.subarray(0, -512)), 'archive-tar', /end marker/],
  [
    'a second tar behind the end',
    () => packed(Buffer.concat([good, good])),
    'archive-tar',
    /bytes after its end/,
  ],
  [
    'one byte behind the end',
    () => packed(Buffer.concat([good, Buffer.alloc(5000), Buffer.from([1])])),
    'archive-tar',
    /bytes after its end/,
  ],
  [
    'a wrong header checksum',
    () => withEntry(flipped(tarHeader({ name: `${hex}.tar` }), 0)),
    'archive-tar',
    /checksum/,
  ],
  [
    'a negative size',
    () => withEntry(headerWith((block) => block.fill(0xff, 124, 136))),
    'archive-tar',
    /negative/,
  ],
  [
    'a size beyond all numbers',
    () => withEntry(headerWith((block) => block.fill(0x7f, 125, 136).fill(0x80, 124, 125))),
    'archive-tar',
    /too large a size/,
  ],
  [
    'a size that is no number',
    () => withEntry(headerWith((block) => block.write('12x45678901', 124))),
    'archive-tar',
    /no number/,
  ],
  [
    'a pax size that is no number',
    () => withEntry(paxHeader({ size: '-1' }), tarHeader({ name: `${hex}.tar` })),
    'archive-tar',
    /no number/,
  ],
  [
    'a pax header of 300 MiB',
    () => bomb(tarHeader({ name: 'x', type: 'x', size: 300 * MiB }), 128 * MiB),
    'archive-tar',
    /too long/,
  ],
  [
    'a pax header that is garbage',
    () => withEntry(entry({ name: 'x', type: 'x' }, Buffer.from('99999 path=x\n'))),
    'archive-tar',
    /does not fit/,
  ],
  [
    'a pax record without a length',
    () => withEntry(entry({ name: 'x', type: 'x' }, Buffer.from('path=x\n'))),
    'archive-tar',
    /without length/,
  ],
  [
    'a long name of 1 MiB',
    () => withEntry(entry({ name: '././@LongLink', type: 'L' }, Buffer.alloc(MiB, 'a'))),
    'archive-tar',
    /too long/,
  ],
  [
    'a long link of 1 MiB',
    () => withEntry(entry({ name: '././@LongLink', type: 'K' }, Buffer.alloc(MiB, 'a'))),
    'archive-tar',
    /too long/,
  ],
  [
    'a pax header for no entry',
    () => packed(Buffer.concat([paxHeader({ path: 'x' }), tarEnd])),
    'archive-tar',
    /cut off/,
  ],
  [
    'a million headers of long names',
    () => packed(Buffer.concat(Array(20_000).fill(paxHeader({ path: 'x' })))),
    'archive-tar',
    /too many entries/,
  ],
];

const entries: readonly Case[] = [
  [
    'a name with ..',
    () => withEntry(entry({ name: '../../etc/passwd' })),
    'archive-entry',
    /outside/,
  ],
  [
    'a name with .. in the middle',
    () => withEntry(entry({ name: `${hex}/../../x.json` })),
    'archive-entry',
    /outside/,
  ],
  [
    'an absolute name',
    () => withEntry(entry({ name: '/etc/passwd' })),
    'archive-entry',
    /absolute/,
  ],
  [
    'a NUL in a name',
    () => withEntry(paxHeader({ path: `${hex}.tar\0/evil` }), entry({ name: 'x' })),
    'archive-entry',
    /NUL/,
  ],
  [
    'a line break in a name',
    () => withEntry(entry({ name: 'manifest.json\n' })),
    'archive-entry',
    /"manifest.json\\n".*no image archive/,
  ],
  ['another file', () => withEntry(entry({ name: 'payload.sh' })), 'archive-entry', /such a name/],
  ['./ in front', () => withEntry(entry({ name: './oci-layout' })), 'archive-entry', /such a name/],
  ['an empty name', () => withEntry(entry({ name: '' })), 'archive-entry', /such a name/],
  ['a folder', () => withEntry(entry({ name: 'etc/', type: '5' })), 'archive-entry', /such a name/],
  [
    'a symlink in the place of the config',
    () => withEntry(entry({ name: `${hex}.json`, type: '2', link: `../${sha256(base)}.tar` })),
    'archive-entry',
    /stands for no layer/,
  ],
  [
    'a symlink to outside',
    () => withEntry(entry({ name: `${hex}/layer.tar`, type: '2', link: '../../etc/passwd' })),
    'archive-entry',
    /symlink to/,
  ],
  [
    'a symlink to an absolute path',
    () => withEntry(entry({ name: `${hex}/layer.tar`, type: '2', link: '/etc/shadow' })),
    'archive-entry',
    /symlink to/,
  ],
  [
    'a symlink to nothing',
    () => withEntry(entry({ name: `${hex}/layer.tar`, type: '2', link: `../${hex}.tar` })),
    'archive-entry',
    /symlink to nothing/,
  ],
  [
    'a symlink to itself',
    () => withEntry(entry({ name: `${hex}/layer.tar`, type: '2', link: `../${hex}/layer.tar` })),
    'archive-entry',
    /symlink to nothing/,
  ],
  [
    'a hard link',
    () => withEntry(entry({ name: `${hex}.tar`, type: '1', link: `${sha256(base)}.tar` })),
    'archive-entry',
    /hard link/,
  ],
  [
    'a character device',
    () => withEntry(entry({ name: `${hex}.tar`, type: '3' })),
    'archive-entry',
    /device/,
  ],
  [
    'a block device',
    () => withEntry(entry({ name: `${hex}.tar`, type: '4' })),
    'archive-entry',
    /device/,
  ],
  ['a fifo', () => withEntry(entry({ name: `${hex}.tar`, type: '6' })), 'archive-entry', /fifo/],
  [
    'a sparse file',
    () => withEntry(entry({ name: `${hex}.tar`, type: 'S' })),
    'archive-entry',
    /sparse/,
  ],
  [
    'a pax sparse file',
    () => withEntry(paxHeader({ 'GNU.sparse.realsize': '1' }), entry({ name: `${hex}.tar` })),
    'archive-entry',
    /pax record "GNU\.sparse/,
  ],
  [
    'a global pax header',
    () => withEntry(entry({ name: 'x', type: 'g' }, Buffer.from('8 path=\n'))),
    'archive-entry',
    /global pax/,
  ],
  [
    'an unknown type',
    () => withEntry(entry({ name: `${hex}.tar`, type: 'Z' })),
    'archive-entry',
    /unknown type/,
  ],
  [
    'a folder with a size',
    () => withEntry(tarHeader({ name: `${hex}/`, type: '5', size: 512 })),
    'archive-entry',
    /no file/,
  ],
  ['a layer twice', () => withEntry(layerEntry(base)), 'archive-entry', /there twice/],
  [
    'a second manifest.json',
    () => withEntry(manifestEntry(image.manifest)),
    'archive-entry',
    /"manifest\.json" \(it is there twice/,
  ],
  [
    'a folder with the name of a file',
    () =>
      withEntry(
        entry({ name: `blobs/sha256/${sha256(base)}` }, base),
        entry({ name: 'blobs/sha256/', type: '5' }),
        entry({ name: 'blobs/sha256', type: '5' }),
      ),
    'archive-entry',
    /there twice/,
  ],
  [
    'a million empty entries of one name',
    () => million(() => 'repositories'),
    'archive-entry',
    /there twice/,
  ],
  [
    'a million empty entries with names of their own',
    () => million((n) => `${String(n).padStart(64, '0')}/VERSION`),
    'archive-tar',
    /too many entries/,
  ],
  [
    'a blob that is neither layer nor JSON',
    () => withEntry(entry({ name: `blobs/sha256/${hex}` }, Buffer.from('#!/bin/sh'))),
    'archive-entry',
    /neither a layer nor JSON/,
  ],
  [
    'a blob of JSON under another name',
    () => withEntry(entry({ name: `blobs/sha256/${hex}` }, Buffer.from('{}'))),
    'archive-entry',
    /sha256 that its name gives/,
  ],
  [
    'a manifest of 5 MiB',
    () => withEntry(entry({ name: 'index.json' }, Buffer.alloc(5 * MiB, ' '))),
    'archive-entry',
    /larger than 4 MiB/,
  ],
  [
    'a note of 1 GiB that nobody reads',
    () => bomb(tarHeader({ name: 'repositories', size: GiB }), GiB),
    'archive-entry',
    /larger than 4 MiB/,
  ],
  [
    'JSON files that add up to 200 MiB',
    () =>
      withEntry(
        ...Array.from({ length: 50 }, (_, n) =>
          entry({ name: `${String(n).padStart(64, '0')}.json` }, Buffer.alloc(4 * MiB, ' ')),
        ),
      ),
    'archive-entry',
    /too much JSON/,
  ],
  [
    'a layer that the image does not have',
    () => withEntry(layerEntry(layerOf('x', 'smuggled'))),
    'archive-entry',
    /does not have/,
  ],
  [
    'the config of another image',
    () => withEntry(configEntry(configOf([base]))),
    'archive-entry',
    /another image/,
  ],
];

const { manifest } = image;
const images: readonly Case[] = [
  ['two images', () => withManifest(manifest, manifest), 'archive-manifest', /more than one image/],
  ['no image', () => withManifest(), 'archive-manifest', /lists no image/],
  [
    'no manifest',
    () => packed(tarOf(...image.layers.map(layerEntry), configEntry(image.config))),
    'archive-manifest',
    /missing/,
  ],
  ['an empty tar', () => packed(tarEnd), 'archive-manifest', /missing/],
  ['a manifest that is no list', () => withManifestText('{}'), 'archive-manifest', /array/],
  ['a manifest that is no JSON', () => withManifestText('[{'), 'archive-manifest', /not JSON/],
  [
    'a manifest with a byte order mark',
    () => withManifestText(`\uFEFF${JSON.stringify([manifest])}`),
    'archive-manifest',
    /not JSON/,
  ],
  [
    'a manifest with a key twice',
    () =>
      withManifestText(
        JSON.stringify([manifest]).replace('"Config"', '"Config":"x","\\u0043onfig"'),
      ),
    'archive-manifest',
    /"Config" twice/,
  ],
  [
    'a manifest with __proto__',
    () =>
      withManifestText(JSON.stringify([manifest]).replace('"Config"', '"__proto__":{},"Config"')),
    'archive-manifest',
    /__proto__/,
  ],
  [
    'a manifest with an unknown key',
    () => withManifest({ ...manifest, Extra: 1 }),
    'archive-manifest',
    /Unrecognized key/,
  ],
  ['a deep manifest', () => withManifestText(deep(100)), 'archive-manifest', /deeper/],
  ['a bottomless manifest', () => withManifestText(deep(MiB)), 'archive-manifest', /deeper/],
  [
    'a layer from elsewhere',
    () =>
      withManifest({
        ...manifest,
        LayerSources: {
          x: { digest: `sha256:${hex}`, urls: ['https://example.com/layer.tar'] },
        },
      }),
    'archive-manifest',
    /fetched from elsewhere/,
  ],
  [
    'a foreign layer by its type',
    () =>
      withManifest({
        ...manifest,
        LayerSources: {
          x: {
            mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
            digest: `sha256:${hex}`,
          },
        },
      }),
    'archive-manifest',
    /fetched from elsewhere/,
  ],
  [
    'fewer layers than the config has',
    () => withManifest({ ...manifest, Layers: [`${sha256(base)}.tar`] }),
    'archive-manifest',
    /lists 1 layers, the image’s config 2/,
  ],
  [
    'a layer that is not there',
    () => withManifest({ ...manifest, Layers: [`${sha256(base)}.tar`, `${hex}.tar`] }),
    'archive-layer',
    /Layer 2 .*missing/,
  ],
  [
    'a layer outside of the archive',
    () => withManifest({ ...manifest, Layers: [`${sha256(base)}.tar`, '../../etc/passwd'] }),
    'archive-layer',
    /Layer 2 .*missing/,
  ],
  [
    'a layer that is the manifest',
    () => withManifest({ ...manifest, Layers: [`${sha256(base)}.tar`, 'manifest.json'] }),
    'archive-layer',
    /Layer 2 .*missing/,
  ],
  [
    'a layer twice in the place of another',
    () => withManifest({ ...manifest, Layers: Array(2).fill(`${sha256(base)}.tar`) }),
    'archive-layer',
    /Layer 2 .*not sha256:/,
  ],
  [
    'layers swapped in the manifest',
    () => withManifest({ ...manifest, Layers: [tool, base].map((l) => `${sha256(l)}.tar`) }),
    'archive-layer',
    /Layer 1 .*not sha256:/,
  ],
  [
    'diff ids swapped in the config',
    () => {
      const config = configOf([tool, base]);
      return packed(
        tarOf(...entriesOf({ ...image, config, manifest: manifestOf([base, tool], config) })),
      );
    },
    'archive-layer',
    /Layer 1 .*not sha256:/,
  ],
  [
    'a layer under the name of another',
    () =>
      packed(
        tarOf(
          layerEntry(base),
          entry({ name: `${sha256(tool)}.tar` }, layerOf('bin/tool', 'evil')),
          configEntry(image.config),
          manifestEntry(manifest),
        ),
      ),
    'archive-layer',
    /Layer 2 .*name gives/,
  ],
  [
    'a changed layer in the layout of docker 24',
    () => {
      const config = configOf([base]);
      const Layers = [`${hex}/layer.tar`];
      return packed(
        tarOf(
          entry({ name: `${hex}/layer.tar` }, tool),
          configEntry(config),
          manifestEntry(manifestOf([base], config, { Layers })),
        ),
      );
    },
    'archive-layer',
    /Layer 1 .*not sha256:/,
  ],
  [
    'a changed config',
    () =>
      packed(
        tarOf(
          ...image.layers.map(layerEntry),
          entry({ name: `${sha256(image.config)}.json` }, configOf([base, tool], { user: 'root' })),
          manifestEntry(manifest),
        ),
      ),
    'archive-config',
    /sha256 is not its name/,
  ],
  [
    'a config that is not there',
    () => withManifest({ ...manifest, Config: `${hex}.json` }),
    'archive-config',
    /there is no/,
  ],
  [
    'a config that is the manifest',
    () => withManifest({ ...manifest, Config: 'manifest.json' }),
    'archive-config',
    /there is no/,
  ],
  ['a config that is no JSON', () => withConfig(Buffer.from('{')), 'archive-config', /not JSON/],
  ['a deep config', () => withConfig(Buffer.from(deep(1000))), 'archive-config', /deeper/],
  [
    'a config without layers',
    () => withConfig(json({ architecture: 'amd64', os: 'linux' })),
    'archive-config',
    /rootfs/,
  ],
  [
    'a config with a diff id of another kind',
    () =>
      withConfig(
        configOf([], { rootfs: { type: 'layers', diff_ids: ['sha512:00', 'sha512:01'] } }),
      ),
    'archive-config',
    /diff_ids/,
  ],
  [
    'a config without a platform',
    () => withConfig(configOf([base, tool], { os: undefined })),
    'archive-config',
    /os/,
  ],
  [
    'a platform that is a sentence',
    () => withConfig(configOf([base, tool], { architecture: 'amd64 <!channel>' })),
    'archive-config',
    /architecture/,
  ],
];

const gzipOf = (bytes: Uint8Array) => gzipSync(bytes);
/** An image in the layout of docker 25 with one layer, stored as these bytes. */
const docker25 = (
  stored: Buffer,
  { index, more = [], layer = base }: { index?: Buffer; more?: Buffer[]; layer?: Buffer } = {},
) => {
  const config = configOf([layer]);
  const blob = (bytes: Buffer) => entry({ name: `blobs/sha256/${sha256(bytes)}` }, bytes);
  return packed(
    tarOf(
      blob(stored),
      blob(config),
      ...more.map(blob),
      ...(index ? [entry({ name: 'index.json' }, index)] : []),
      manifestEntry({
        Config: `blobs/sha256/${sha256(config)}`,
        RepoTags: null,
        Layers: [`blobs/sha256/${sha256(stored)}`],
      }),
    ),
  );
};
const ociManifest = (config: string, layer: object = {}) =>
  json({
    config: { digest: `sha256:${config}` },
    layers: [{ digest: `sha256:${hex}`, ...layer }],
  });
const index = (...manifests: readonly Buffer[]) =>
  json({ manifests: manifests.map((bytes) => ({ digest: `sha256:${sha256(bytes)}` })) });
const other = ociManifest(hex);
const foreign = ociManifest(hex, { urls: ['https://example.com/x'] });
const right = ociManifest(sha256(configOf([base])));
/** Each leads to the next a thousand times. */
const growing = [other];
while (growing.length < 5)
  growing.push(index(...Array<Buffer>(1000).fill(growing.at(-1) ?? other)));

const oci: readonly Case[] = [
  [
    'a gzip layer with another content',
    () => docker25(gzipOf(tool)),
    'archive-layer',
    /Layer 1 .*not sha256:/,
  ],
  [
    'a gzip layer that is cut off',
    () => docker25(gzipOf(base).subarray(0, -9)),
    'archive-layer',
    /not sound gzip/,
  ],
  [
    'a gzip layer with a wrong checksum',
    () => docker25(flipped(gzipOf(base), -6)),
    'archive-layer',
    /not sound gzip/,
  ],
  [
    'bytes behind a gzip layer',
    () => docker25(Buffer.concat([gzipOf(base), Buffer.from('trailing')])),
    'archive-layer',
    /not sound gzip/,
  ],
  [
    'a gzip bomb in a layer',
    () => docker25(Buffer.concat(Array(20).fill(gzipSync(Buffer.alloc(10 * MiB))))),
    'archive-ratio',
    /200 times/,
  ],
  [
    'an index that leads to another image',
    () => docker25(base, { index: index(other), more: [other] }),
    'archive-manifest',
    /does not lead to the image/,
  ],
  [
    'an index that leads to nothing',
    () => docker25(base, { index: index() }),
    'archive-manifest',
    /does not lead to the image/,
  ],
  [
    'an index with a layer from elsewhere',
    () => docker25(base, { index: index(foreign), more: [foreign] }),
    'archive-manifest',
    /fetched from elsewhere/,
  ],
  [
    'an index that is deep',
    () => docker25(base, { index: Buffer.from(deep(200)) }),
    'archive-manifest',
    /deeper/,
  ],
  [
    'an index that leads to a second image too',
    () => docker25(base, { index: index(right, other), more: [right, other] }),
    'archive-manifest',
    /more than one image/,
  ],
  [
    'an index that grows a thousandfold with every step',
    () => docker25(base, { index: index(growing.at(-1) ?? other), more: growing }),
    'archive-manifest',
    /does not lead to the image/,
  ],
];

const groups = { zstd, tar, entries, images, oci };

it('takes the archive that the hostile ones are made from', async () => {
  const read = await readArchive(inChunks(packed(good)), { limits });
  expect(read.layers.map(({ diffId }) => diffId)).toEqual(
    image.layers.map((layer) => `sha256:${sha256(layer)}`),
  );
});

it.each([
  ['a gzip layer', docker25(gzipOf(base))],
  ['a gzip layer with zeros behind it', docker25(Buffer.concat([gzipOf(base), Buffer.alloc(MiB)]))],
  ['an index', docker25(base, { index: index(right), more: [right] })],
  [
    'an index of an index',
    docker25(base, { index: index(index(right)), more: [right, index(right)] }),
  ],
  [
    'another platform that is not there',
    docker25(base, { index: index(right, other), more: [right] }),
  ],
  [
    'attestations beside the image',
    docker25(base, {
      index: json({
        manifests: [
          { digest: `sha256:${sha256(right)}`, platform: { os: 'linux' } },
          { digest: `sha256:${sha256(other)}`, platform: { os: 'unknown' } },
        ],
      }),
      more: [right, other],
    }),
  ],
  [
    'attestations by their annotation',
    docker25(base, {
      index: json({
        manifests: [
          { digest: `sha256:${sha256(right)}` },
          {
            digest: `sha256:${sha256(other)}`,
            annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
          },
        ],
      }),
      more: [right, other],
    }),
  ],
])('takes an archive in the layout of docker 25 with %s', async (_, archive) => {
  const read = await readArchive(inChunks(archive), { limits });
  expect(read.layers).toEqual([{ diffId: `sha256:${sha256(base)}`, size: base.length }]);
});

it('takes a gzip layer that is large and does not shrink', async () => {
  const layer = tarOf(entry({ name: 'data' }, randomBytes(80 * MiB)));
  const read = await readArchive(inChunks(docker25(gzipSync(layer, { level: 0 }), { layer })), {
    limits,
  });
  expect(read.layers).toMatchObject([{ size: layer.length }]);
});

describe.each(Object.entries(groups))('hostile %s', (_, cases) => {
  it.each(cases)('refuses %s', async (_name, bytes, reason, says) => {
    const hostile = bytes();
    const archive = hostile instanceof Uint8Array ? inChunks(hostile) : hostile;
    const memory = watchMemory();
    const start = performance.now();
    const error: unknown = await readArchive(archive, { limits }).catch((e: unknown) => e);
    const took = performance.now() - start;
    const grown = memory.stop();
    expect(error).toBeInstanceOf(PromotionError);
    const refused = error as PromotionError;
    expect({ reason: refused.reason, says: refused.message }).toEqual({
      reason,
      says: expect.stringMatching(says) as string,
    });
    expect(took).toBeLessThan(refusedWithin);
    expect(grown).toBeLessThan(memoryAllowed);
  });
});

it('has at least 40 hostile archives, each with a name of its own', () => {
  const names = Object.values(groups).flatMap((cases) => cases.map(([name]) => name));
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
  console.log(`${names.length} hostile archives`);
});

it.each([
  ['the archive', packed(good), good.length - 1],
  ['a gzip layer of it', docker25(gzipOf(base)), base.length - 1],
])('refuses an archive where %s unpacks to more than the limit', async (_, bytes, unpacked) => {
  const read = readArchive(inChunks(bytes), { limits: { unpacked } });
  await expect(read).rejects.toMatchObject({ reason: 'archive-too-large' });
});

it('refuses an archive that is cut off, wherever that is', async () => {
  const whole = packedWithChecksum(good);
  for (let bytes = 0; bytes < whole.length; bytes += 1) {
    await expect(readArchive(inChunks(whole.subarray(0, bytes)), { limits })).rejects.toMatchObject(
      {
        reason: 'archive-zstd',
        facts: { problem: 'it is cut off' },
      },
    );
  }
  console.log(`${whole.length} truncations refused`);
});

/** Peak of the resident memory over what it was, sampled all the time. */
function watchMemory() {
  const before = process.memoryUsage.rss();
  let peak = before;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const timer = setInterval(sample, 5);
  return {
    stop: () => {
      sample();
      clearInterval(timer);
      return peak - before;
    },
  };
}
