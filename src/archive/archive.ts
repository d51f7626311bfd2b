import { createHash } from 'node:crypto';
import { PromotionError, refuse } from '../domain/errors.ts';
import type { Bytes } from '../ports.ts';
import { digestFromHex, type Digest } from '../domain/reference.ts';
import { contentsOf, type Found, type ReadArchive } from './contents.ts';
import { readLayer, type OnLayer } from './layer.ts';
import { Meter, type ArchiveLimits } from './limits.ts';
import { memberOf, refuseEntry } from './members.ts';
import { TarReader, type TarEntry } from './tar.ts';
import { looksLikeTar, TarFault } from './tar-header.ts';
import { looksLikeGzip, looksLikeZstd } from './decoder.ts';
import { unzstd } from './zstd.ts';

export interface ArchiveOptions {
  readonly limits: ArchiveLimits;
  /**
   * Gets each layer while it streams by. Awaited before the reader goes on with the next entry; what it leaves unread is
   * read on for the proof, unless it reads `unhashed`.
   */
  readonly onLayer?: OnLayer | undefined;
}

/** An archive of the 127 layers that an image may have has a few hundred entries. */
const caps = { headers: 4096, meta: 16 * 1024 };
/** Bytes of one JSON file, and of all that is kept until the end. */
const largestJson = 4 * 1024 * 1024;
const largestKept = 16 * 1024 * 1024;

/**
 * Reads a zstd-packed image archive (image_builder's and skopeo's layout, `docker save` up to 24 and from 25 on, crane's
 * and kaniko's) to its end in constant memory, layer by layer, and proves it: sound zstd and tar, nothing in it that no image has, exactly
 * one image, every layer there and equal to its diffID and name. Throws a PromotionError `archive-…` at whatever is
 * not so; an error of `archive` itself comes through as it is. Leaving early, by an error of `onLayer` too, closes it.
 */
export async function readArchive(archive: Bytes, options: ArchiveOptions): Promise<ReadArchive> {
  const reader = new ArchiveReader(archive, options);
  try {
    return await reader.read();
  } finally {
    await reader.close();
  }
}

class ArchiveReader {
  readonly #tar: TarReader;
  readonly #onLayer: OnLayer | undefined;
  readonly #layerMeter: Meter;
  readonly #names = new Set<string>();
  readonly #found: Found = { layers: new Map(), json: new Map(), links: new Map() };
  #kept = 0;

  constructor(archive: Bytes, { limits, onLayer }: ArchiveOptions) {
    this.#tar = new TarReader(unzstd(archive, new Meter(limits)), caps);
    this.#layerMeter = new Meter(limits);
    this.#onLayer = onLayer;
  }

  async read(): Promise<ReadArchive> {
    for (let entry = await this.#next(); entry; entry = await this.#next()) await this.#take(entry);
    await sound(this.#tar.end());
    return contentsOf(this.#found);
  }

  async close(): Promise<void> {
    await this.#tar.close();
  }

  async #next(): Promise<TarEntry | undefined> {
    return sound(this.#tar.next());
  }

  async #take(entry: TarEntry): Promise<void> {
    const member = memberOf(entry);
    const name = entry.name.replace(/\/$/, '');
    if (this.#names.has(name)) refuseEntry(name, 'it is there twice');
    this.#names.add(name);
    if (member.kind === 'link') this.#found.links.set(name, member.target);
    else if (member.kind === 'layer') await this.#layer(entry, member.claimed);
    else if (member.kind === 'blob') await this.#blob(entry, member.digest);
    else if (member.kind === 'json') this.#found.json.set(name, await this.#whole(entry));
    else if (entry.size > largestJson) refuseEntry(name, 'it is larger than 4 MiB');
  }

  async #layer(entry: TarEntry, named: Digest | undefined): Promise<void> {
    const file = {
      index: this.#found.layers.size,
      named,
      size: entry.size,
      start: await sound(this.#tar.peek()),
      some: () => sound(this.#tar.some()),
    };
    this.#found.layers.set(entry.name, await readLayer(file, this.#layerMeter, this.#onLayer));
  }

  /** Only how a blob begins tells what it is before the manifest, which comes after it. */
  async #blob(entry: TarEntry, digest: Digest): Promise<void> {
    const start = await sound(this.#tar.peek());
    if (looksLikeGzip(start) || looksLikeZstd(start) || looksLikeTar(start)) {
      return this.#layer(entry, digest);
    }
    if (start[0] !== 0x7b) refuseEntry(entry.name, 'it is neither a layer nor JSON');
    const bytes = await this.#whole(entry);
    if (digestFromHex(createHash('sha256').update(bytes).digest('hex')) !== digest) {
      refuseEntry(entry.name, 'it does not have the sha256 that its name gives');
    }
    this.#found.json.set(entry.name, bytes);
  }

  async #whole(entry: TarEntry): Promise<Uint8Array> {
    this.#kept += entry.size;
    if (entry.size > largestJson) refuseEntry(entry.name, 'it is larger than 4 MiB');
    if (this.#kept > largestKept) refuseEntry(entry.name, 'with it there is too much JSON');
    const pieces: Uint8Array[] = [];
    for (let piece = await sound(this.#tar.some()); piece; piece = await sound(this.#tar.some())) {
      pieces.push(Buffer.from(piece));
    }
    return Buffer.concat(pieces);
  }
}

/** Says of a fault in the archive's own tar what it means. */
async function sound<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof TarFault)) throw error;
    throw new PromotionError(refuse('archive-tar', { problem: error.message }));
  }
}
