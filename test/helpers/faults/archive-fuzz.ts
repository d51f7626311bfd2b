import { gzipSync } from 'node:zlib';
import { tarEnd, withChecksum } from '../../../local/tar.ts';
import {
  configEntry,
  entriesOf,
  entry,
  json,
  layerOf,
  manifestEntry,
  manifestOf,
  packed,
  packedWithChecksum,
  partsOf,
  sha256,
  tarOf,
} from '../archive/parts.ts';

/** One generated input: the packed archive, and what may become of it. */
export interface Fuzzed {
  readonly kind: string;
  readonly archive: Buffer;
  /** The only image that it may be taken for. */
  readonly imageId: string;
  /** Only a layer's inside is broken: the image is sound. */
  readonly mustBeTaken?: true;
}

export type Random = (below: number) => number;

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const layers = [
  tarOf(
    entry({ name: 'var/lib/dpkg/status' }, Buffer.from('Package: mercurial\nVersion: 6.8-1\n')),
    entry({ name: 'usr/lib/.wh.python3' }),
  ),
  layerOf('usr/lib/python3/dist-packages/mercurial/__version__.py', 'version = b"6.8"\n'),
];

/** What all inputs are made from. */
const original = partsOf(layers);
const skopeo = entriesOf(original);
const blob = (bytes: Buffer) => entry({ name: `blobs/sha256/${sha256(bytes)}` }, bytes);
const stored = [gzipSync(layers[0] ?? ''), layers[1] ?? Buffer.alloc(0)];
const ociManifest = json({
  config: { digest: `sha256:${sha256(original.config)}` },
  layers: stored.map((bytes) => ({ digest: `sha256:${sha256(bytes)}` })),
});
const docker25 = [
  entry({ name: 'blobs/', type: '5' }),
  ...stored.map(blob),
  blob(original.config),
  blob(ociManifest),
  entry({ name: 'index.json' }, json({ manifests: [{ digest: `sha256:${sha256(ociManifest)}` }] })),
  manifestEntry({
    Config: `blobs/sha256/${sha256(original.config)}`,
    Layers: stored.map((bytes) => `blobs/sha256/${sha256(bytes)}`),
  }),
];

/** The input that belongs to these random numbers. */
export function fuzzed(random: Random): Fuzzed {
  const kinds = Object.keys(ways) as (keyof typeof ways)[];
  const kind = kinds[random(kinds.length)] ?? 'packed bytes';
  const made = ways[kind](random);
  if ('archive' in made) return { kind, ...made };
  return { kind, archive: made, imageId: idOf(original.config) };
}

const ways = {
  'packed bytes': (random: Random) =>
    damaged((random(2) ? packed : packedWithChecksum)(tarOf(...either(random))), random),
  'tar bytes': (random: Random) => packed(damaged(tarOf(...either(random)), random)),
  'tar headers': (random: Random) =>
    packed(tarOf(...either(random).map((bytes) => oddHeader(bytes, random)))),
  'order of entries': (random: Random) => packed(tarOf(...shuffled(either(random), random))),
  'JSON of the manifest': (random: Random) => {
    const text = oddJson(Buffer.from(JSON.stringify([original.manifest])), random);
    return packed(tarOf(...skopeo.slice(0, -1), entry({ name: 'manifest.json' }, text)));
  },
  'JSON of the config': (random: Random) => {
    const config = oddJson(original.config, random);
    const image = manifestOf(layers, config);
    const archive = tarOf(...skopeo.slice(0, 2), configEntry(config), manifestEntry(image));
    return { archive: packed(archive), imageId: idOf(config) };
  },
  'a layer’s inside': (random: Random) => {
    const odd = layers.map((layer) => damaged(layer, random));
    const parts = partsOf(odd);
    const archive = packed(tarOf(...entriesOf({ ...parts, layers: distinct(odd) })));
    return { archive, imageId: idOf(parts.config), mustBeTaken: true as const };
  },
};

const idOf = (config: Buffer) => `sha256:${sha256(config)}`;
const distinct = (list: readonly Buffer[]) => [
  ...new Map(list.map((bytes) => [sha256(bytes), bytes])).values(),
];

function either(random: Random): readonly Buffer[] {
  return random(2) ? skopeo : docker25;
}

/** One to four changes: bytes flipped, set, cut out, repeated, put in, or the end cut off. */
function damaged(bytes: Buffer, random: Random): Buffer {
  let result = Buffer.from(bytes);
  for (let times = 1 + random(4); times > 0 && result.length > 0; times -= 1) {
    const at = random(result.length);
    const end = Math.min(result.length, at + 1 + random(random(4) ? 8 : 1024));
    const change = random(6);
    if (change === 0) result[at] = (result[at] ?? 0) ^ (1 << random(8));
    else if (change === 1) result.fill(random(256), at, end);
    else if (change === 2) result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
    else if (change === 3) result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
    else if (change === 4) {
      result = Buffer.concat([result.subarray(0, at), noise(random), result.subarray(at)]);
    } else result = result.subarray(0, at);
  }
  return result;
}

/** Fields of a header set to something else, the checksum made right again. */
function oddHeader(bytes: Buffer, random: Random): Buffer {
  if (random(4)) return bytes;
  const block = Buffer.from(bytes.subarray(0, 512));
  const [at, length] = (
    [
      [0, 100],
      [124, 12],
      [156, 1],
      [157, 100],
      [345, 155],
    ] as const
  )[random(5)] ?? [0, 1];
  const odd = [
    '../',
    '/',
    '\0',
    '7',
    '5',
    '2',
    'x',
    'L',
    'S',
    '\x80\0\0\0\0\0\0\0\0\0\x10\0',
    '77777777777',
  ];
  block.write(
    (odd[random(odd.length)] ?? '').slice(0, length),
    at + (random(2) ? 0 : random(length)),
    'latin1',
  );
  return Buffer.concat([withChecksum(block), bytes.subarray(512)]);
}

/** Entries left out, put in twice or in another place; sometimes with an end in the middle. */
function shuffled(entries: readonly Buffer[], random: Random): Buffer[] {
  const result = [...entries];
  for (let times = 1 + random(3); times > 0; times -= 1) {
    const [taken] = result.splice(random(result.length), 1);
    const [place, how] = [random(result.length + 1), random(4)];
    if (taken && how > 0) result.splice(place, 0, ...(how === 1 ? [taken, taken] : [taken]));
    if (how === 3) result.splice(place, 0, tarEnd.subarray(0, 512 * (1 + random(2))));
  }
  return result;
}

function oddJson(text: Buffer, random: Random): Buffer {
  if (random(2)) return damaged(text, random);
  const odd = [
    '[',
    '{',
    '"',
    '\\',
    '\\u0000',
    '\uFEFF',
    '{"__proto__":',
    '1e999',
    '[['.repeat(90),
    ',',
    'null',
    '🦊',
  ];
  const at = random(text.length);
  const put = Buffer.from(odd[random(odd.length)] ?? '');
  return Buffer.concat([text.subarray(0, at), put, text.subarray(at + random(3))]);
}

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random(random(3) ? 9 : 700) }, () => random(256)));
}
