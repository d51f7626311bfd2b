import type { Bytes } from '../ports.ts';
import { evidenceAt, evidences, versionIn, type Evidence } from './mercurial.ts';
import { TarReader, type TarEntry } from './tar.ts';
import { TarFault } from './tar-header.ts';

/** A file that tells of Mercurial; without a version where it says that there is none. */
interface Found {
  readonly evidence: Evidence;
  readonly version?: string | undefined;
}

/** What one layer says about Mercurial: what it adds, and what it takes away from the layers below. */
export interface LayerSoftware {
  /** By path. */
  readonly adds: Map<string, Found>;
  /** Paths that the lower layers no longer have, nor anything below them. */
  readonly hides: Set<string>;
  /** Folders in which nothing is left of the lower layers. */
  readonly empties: Set<string>;
}

const caps = { headers: Infinity, meta: 1024 * 1024 };
/** A layer that says more counts as one that can't be understood. */
const most = { adds: 1000, hides: 100_000 };
const largest: Readonly<Record<Evidence, number>> = {
  dpkg: 16 * 1024 * 1024,
  module: 64 * 1024,
  metadata: 1024 * 1024,
};
/** Names of what may stand in the way to a file that tells, as a link or file in the place of a folder. */
const wayPart =
  /^(?:usr|local|opt|var|lib(?:64)?|dpkg|python[\d.]*|(?:site|dist)-packages|mercurial.*)$/;

/**
 * Reads a layer's tar (not compressed) to its end for what it says about Mercurial. A tar that can't be understood gives
 * `undefined`: for the image only its hash counts. An error of `layer` itself comes through.
 */
export async function lookInto(layer: Bytes): Promise<LayerSoftware | undefined> {
  const source = layer[Symbol.asyncIterator]();
  const chunks: Bytes = { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
  try {
    const software = await read(new TarReader(chunks, caps));
    for await (const _ of chunks);
    return software;
  } catch (error) {
    if (!(error instanceof TarFault)) throw error;
  }
  for await (const _ of chunks);
  return undefined;
}

/** What {@link lookInto} found in all layers of an image, the base first, taken together. */
export function mercurialIn(layers: readonly (LayerSoftware | undefined)[]): string | undefined {
  let seen: (Found & { readonly path: string })[] = [];
  for (const layer of layers) {
    if (!layer) return undefined;
    const kept = seen.filter(({ path }) => !isHidden(path, layer));
    // The newest first: where two places tell the same kind of thing, the newer layer's counts.
    seen = [...[...layer.adds].map(([path, found]) => ({ path, ...found })), ...kept];
  }
  return evidences
    .flatMap((evidence) => seen.filter((found) => found.evidence === evidence))
    .find(({ version }) => version !== undefined)?.version;
}

function isHidden(path: string, { adds, hides, empties }: LayerSoftware): boolean {
  if (adds.has(path) || hides.has(path) || empties.has('')) return true;
  const folders = path.split('/').slice(0, -1);
  return folders.some((_, depth) => {
    const folder = folders.slice(0, depth + 1).join('/');
    return hides.has(folder) || empties.has(folder);
  });
}

async function read(tar: TarReader): Promise<LayerSoftware> {
  const software: LayerSoftware = { adds: new Map(), hides: new Set(), empties: new Set() };
  for (let entry = await tar.next(); entry; entry = await tar.next()) {
    const path = plainPath(entry.name);
    if (path !== undefined) await note(software, tar, { ...entry, name: path });
    const { adds, hides, empties } = software;
    if (adds.size > most.adds || hides.size + empties.size > most.hides) {
      throw new TarFault('it says more than is remembered');
    }
  }
  return software;
}

/** @see https://github.com/opencontainers/image-spec/blob/main/layer.md#representing-changes for the `.wh.` files */
async function note(software: LayerSoftware, tar: TarReader, entry: TarEntry): Promise<void> {
  const parts = entry.name.split('/');
  const name = parts.at(-1) ?? '';
  const folder = parts.slice(0, -1);
  if (name === '.wh..wh..opq') {
    software.empties.add(folder.join('/'));
  } else if (name.startsWith('.wh.')) {
    software.hides.add([...folder, name.slice('.wh.'.length)].join('/'));
  } else if (entry.type !== '5') {
    await noteFile(software, tar, entry);
  }
}

async function noteFile(software: LayerSoftware, tar: TarReader, entry: TarEntry): Promise<void> {
  const evidence = evidenceAt(entry.name);
  if (evidence) {
    const version = await versionOf(tar, entry, evidence);
    software.adds.set(entry.name, { evidence, version });
  } else if (wayPart.test(entry.name.slice(entry.name.lastIndexOf('/') + 1))) {
    software.hides.add(entry.name);
  }
}

async function versionOf(
  tar: TarReader,
  { size }: TarEntry,
  evidence: Evidence,
): Promise<string | undefined> {
  if (size > largest[evidence]) return undefined;
  const pieces: Uint8Array[] = [];
  for (let piece = await tar.some(); piece; piece = await tar.some())
    pieces.push(Buffer.from(piece));
  return versionIn(evidence, Buffer.concat(pieces).toString());
}

/** The path without `./` and the like in front; `undefined` for one that leads nowhere or outside. */
function plainPath(name: string): string | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/');
}
