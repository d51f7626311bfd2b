import { readArchive, type ReadArchive } from '../archive/archive.ts';
import type { LayerStream } from '../archive/layer.ts';
import type { ArchiveLimits } from '../archive/limits.ts';
import { fail } from '../errors.ts';
import type { Contents } from '../plan.ts';
import type { Artifact, LayerProgress } from '../ports.ts';
import type { Digest } from '../reference.ts';
import type { PushedLayer } from '../states.ts';
import type { Client } from './client.ts';
import type { Compressor } from './gzip.ts';
import type { Report } from './report.ts';
import { stoppable } from './stoppable.ts';
import { Upload } from './upload.ts';
import type { ChunkSizes, Room } from './window.ts';

/** What the layers of one artifact are carried with. */
export interface Carriage {
  /** Its signal is {@link stop}'s, too. */
  readonly client: Client;
  readonly name: string;
  /** What was approved. */
  readonly contents: Contents;
  readonly limits: ArchiveLimits;
  readonly compressor: Compressor;
  readonly chunks: ChunkSizes | 'stream';
  readonly room: Room;
  /** Layers that are there already, by diffID. Those that get there are added. */
  readonly known: Map<Digest, PushedLayer>;
  /** An upload session that is open already; whoever uses it takes it out. */
  readonly spare: { session: URL | undefined };
  /** Stops everything: one of the uploads has failed. */
  readonly stop: (error: unknown) => void;
  readonly report: Report;
}

/** An artifact that went through, with every layer on the registry. */
export interface Carried {
  readonly config: Uint8Array;
  /** In the order of the image's layers. */
  readonly layers: readonly PushedLayer[];
}

/** Uploads that may be unfinished when the next layer begins. */
const atOnce = 3;

/** Takes one artifact to the registry, layer by layer, while it streams by. Used once. */
export class Carrier {
  readonly uploads: Upload[] = [];
  readonly #carriage: Carriage;
  /** By the archive's number of the layer. */
  readonly #layers = new Map<number, PushedLayer | Upload>();
  readonly #unfinished = new Set<Promise<unknown>>();

  constructor(carriage: Carriage) {
    this.#carriage = carriage;
  }

  /** Reads the artifact to its end. Throws a PromotionError, or a LostUpload where it must be read again. */
  async carry(artifact: Artifact): Promise<Carried> {
    const { client, limits, contents, report } = this.#carriage;
    const bytes = stoppable(artifact.bytes, client.signal, (count) => report.read(count));
    const read = await readArchive(bytes, { limits, onLayer: (layer) => this.#layer(layer) });
    // Throws where the last byte, and with it the signed hash, was not reached.
    artifact.facts();
    check(read, contents);
    const layers = await Promise.all(read.layers.map((_, index) => this.#carried(read, index)));
    return { config: read.config, layers };
  }

  async #layer(layer: LayerStream): Promise<void> {
    const expected = layer.claimed ?? this.#bySize(layer.size);
    const known = expected && this.#carriage.known.get(expected);
    if (!known) return await this.#send(layer);
    this.#layers.set(layer.index, known);
    // The reader hashes it; nothing else is to be done with it.
    for await (const _ of this.#counted(layer, known.how));
  }

  async #send(layer: LayerStream): Promise<void> {
    const { client, name, chunks, room, compressor, spare, stop, report } = this.#carriage;
    while (this.#unfinished.size >= atOnce) await Promise.race(this.#unfinished);
    const { index } = layer;
    const what = `the upload of layer ${index + 1}`;
    const onSent = (sent: number): void => report.layer(index, { sent });
    const upload = new Upload({ client, name, what, chunks, room, onSent }, spare.session);
    spare.session = undefined;
    this.uploads.push(upload);
    this.#layers.set(index, upload);
    const end = this.#ended(layer, upload).catch(stop);
    this.#unfinished.add(end);
    void end.then(() => this.#unfinished.delete(end));
    await upload.take(compressor.compress(this.#counted(layer, 'sending')));
  }

  async #ended({ index, claimed: diffId }: LayerStream, upload: Upload): Promise<void> {
    const blob = await upload.done;
    this.#carriage.report.layer(index, { state: 'sent', sent: blob.size });
    // If the artifact must be read again, this layer need not be sent again.
    if (diffId) this.#carriage.known.set(diffId, { diffId, ...blob, how: 'sent' });
  }

  async *#counted(layer: LayerStream, state: LayerProgress['state']): AsyncGenerator<Uint8Array> {
    const { index, size } = layer;
    const { report } = this.#carriage;
    let done = 0;
    report.layer(index, { state, size });
    for await (const chunk of layer.bytes) {
      done += chunk.length;
      report.layer(index, { done });
      yield chunk;
    }
  }

  /** Which layer this must be where its name does not tell: the only one of that size, or the image is another. */
  #bySize(size: number | undefined): Digest | undefined {
    const [only, ...others] = this.#carriage.contents.layers.filter((layer) => layer.size === size);
    return others.length === 0 ? only?.diffId : undefined;
  }

  async #carried({ layers, order }: ReadArchive, index: number): Promise<PushedLayer> {
    const layer = this.#layers.get(order[index] ?? -1);
    const diffId = layers[index]?.diffId;
    if (!layer || !diffId) throw new Error(`The archive gave no layer ${index}`);
    const carried =
      layer instanceof Upload ? { ...(await layer.done), how: 'sent' as const } : layer;
    return { ...carried, diffId };
  }
}

/** Throws `changed-image` where the artifact unpacks to anything but what was approved. */
function check(read: ReadArchive, contents: Contents): void {
  const want = contents.imageId;
  const isSame =
    read.imageId === want &&
    read.layers.length === contents.layers.length &&
    read.layers.every(({ diffId, size }, index) => {
      const layer = contents.layers[index];
      return layer?.diffId === diffId && layer.size === size;
    });
  if (isSame) return;
  const got = read.imageId === want ? `${want} with other layers` : read.imageId;
  fail('changed-image', { got, want });
}
