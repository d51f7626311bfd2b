import type { ReadArchive } from '../archive/contents.ts';
import type { ArchiveLimits } from '../archive/limits.ts';
import { fail } from '../domain/errors.ts';
import type { AnnouncedLayer } from '../packing/protocol.ts';
import { nameOf, type CompressorSetting } from '../packing/setting.ts';
import { packArchive } from '../packing/thread.ts';
import type { Contents } from '../domain/plan.ts';
import type { Artifact } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import type { PushedLayer } from '../domain/states.ts';
import type { Client } from './client.ts';
import type { KnownLayers } from './known.ts';
import type { Report } from './report.ts';
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
  readonly compressor: CompressorSetting;
  readonly chunks: ChunkSizes | 'stream';
  readonly room: Room;
  /** Layers that may be there already. Those that get there are added. */
  readonly known: KnownLayers;
  /** An upload session that is open already; whoever uses it takes it out. */
  readonly spare: { session: URL | undefined };
  /** Stops everything: one of the uploads has failed. */
  readonly stop: (error: unknown) => void;
  readonly report: Report;
}

/** An artifact that went through, with every layer on the registry. */
export interface Carried {
  /** The image's config; without its bytes where the registry has it. */
  readonly config: { readonly size: number; readonly bytes: Uint8Array | undefined };
  /** In the order of the image's layers. */
  readonly layers: readonly PushedLayer[];
  /** For the audit log: with the same, the same digest comes out again. */
  readonly compressor: string;
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

  /**
   * Reads the artifact to its end; gets ready for it while it opens. Throws a PromotionError, or a LostUpload where it
   * must be read again.
   */
  async carry(opening: Promise<Artifact>): Promise<Carried> {
    const { client, contents, report, limits, compressor } = this.#carriage;
    const { signal } = client;
    const read = await packArchive(
      bytesOf(opening),
      { limits, compressor, signal },
      {
        onRead: (bytes) => report.read(bytes),
        onLayer: (layer) => this.#layer(layer),
        onDone: (index, done) => report.layer(index, { done }),
      },
    );
    // Throws where the last byte, and with it the signed hash, was not reached.
    (await opening).facts();
    check(read, contents);
    const layers = await Promise.all(read.layers.map((_, index) => this.#carried(read, index)));
    const { config: bytes } = read;
    return { config: { size: bytes.length, bytes }, layers, compressor: nameOf(compressor) };
  }

  async #layer(layer: AnnouncedLayer): Promise<Upload | undefined> {
    const { known, report } = this.#carriage;
    const { index, size } = layer;
    const expected = layer.claimed ?? this.#bySize(size);
    const there = expected && (await known.get(expected));
    report.layer(index, { state: there?.how ?? 'sending', size });
    if (!there) return await this.#upload(layer);
    // Nothing of it will be published, and that its name is true was proven for the plan, of this very artifact.
    this.#layers.set(index, there);
    return undefined;
  }

  async #upload(layer: AnnouncedLayer): Promise<Upload> {
    const { client, name, chunks, room, spare, stop, report } = this.#carriage;
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
    return upload;
  }

  async #ended({ index, claimed: diffId }: AnnouncedLayer, upload: Upload): Promise<void> {
    const blob = await upload.done;
    this.#carriage.report.layer(index, { state: 'sent', sent: blob.size });
    // If the artifact must be read again, this layer need not be sent again.
    if (!diffId) return;
    this.#carriage.known.set(diffId, Promise.resolve({ diffId, ...blob, how: 'sent' }));
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

async function* bytesOf(opening: Promise<Artifact>): AsyncGenerator<Uint8Array> {
  yield* (await opening).bytes;
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
