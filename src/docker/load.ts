import type { Writable } from 'node:stream';
import type Docker from 'dockerode';
import { readArchive } from '../archive/archive.ts';
import type { LayerStream } from '../archive/layer.ts';
import type { ArchiveLimits } from '../archive/limits.ts';
import { fail } from '../domain/errors.ts';
import type { Artifact, Bytes } from '../ports.ts';
import { Digest } from '../domain/reference.ts';
import { asking, type AskOptions } from './connection.ts';
import { nonsense, readEvents } from './events.ts';
import { RequestBody } from './request-body.ts';
import { TarWriter } from './tar-writer.ts';

export interface LoadOptions {
  /** The image that was approved: another one is never completed in the engine. */
  readonly imageId: Digest;
  readonly open: () => Promise<Artifact>;
  readonly limits: ArchiveLimits;
  readonly signal: AbortSignal;
  readonly idle: number;
  /** Compressed bytes of the artifact read so far. */
  readonly onRead: (read: number, artifact: Artifact) => void;
}

const work = { verb: 'load the image', noun: 'the load' };

/**
 * Streams the artifact into the engine while it is proven. The engine gets an archive of our own making: the layers as
 * they pass, then config and manifest, which we write only after the artifact's last byte has been verified. So the
 * engine can load nothing else, and no tag that the archive brings along. Throws a PromotionError.
 */
export async function loadImage(docker: Docker, options: LoadOptions): Promise<void> {
  if ((await attempt(docker, options, [])) === 'loaded') return;
  // A tar must say how large a file is before it comes; of gzip layers that is known only afterwards.
  const sizes = await unpackedSizes(options);
  if ((await attempt(docker, options, sizes)) === 'loaded') return;
  throw nonsense(work, 'its layers changed between two readings');
}

/** A layer whose size is not known yet. */
class SizeNeeded extends Error {}

async function attempt(
  docker: Docker,
  options: LoadOptions,
  sizes: readonly number[],
): Promise<'loaded' | 'sizes needed'> {
  const { signal, idle } = options;
  const sink = new RequestBody();
  const asked: AskOptions = { work, signal, idle };
  // What the archive's own side fails with is no failure of the engine.
  const own: { failure?: unknown } = {};
  try {
    await asking(asked, (stop, alive) => {
      const answer = answerTo(docker, { sink, stop, alive });
      const filled = fill(sink, { ...options, sizes, alive }).catch((error: unknown) => {
        if (!sink.destroyed) own.failure = error;
        throw error;
      });
      return firstFailure(sink, filled, answer);
    });
    return 'loaded';
  } catch (error) {
    if (own.failure instanceof SizeNeeded) return 'sizes needed';
    throw own.failure ?? error;
  } finally {
    sink.destroy();
  }
}

/** Both sides of a load; when one fails the other one is stopped, and the first failure is what counts. */
async function firstFailure(
  sink: Writable,
  filled: Promise<Digest>,
  answer: Promise<Digest>,
): Promise<void> {
  const failures: unknown[] = [];
  const note = (error: unknown) => {
    failures.push(error);
    sink.destroy(error instanceof Error ? error : new Error('stopped'));
  };
  sink.on('error', () => undefined);
  const complete = answer.then((id) => {
    if (!sink.writableEnded) throw nonsense(work, 'it answered before it had the whole image');
    return id;
  });
  const [want, got] = await Promise.all([filled.catch(note), complete.catch(note)]);
  if (failures.length > 0) throw failures[0];
  if (want !== got) fail('docker-image', { got: String(got), want: String(want) });
}

interface Answering {
  readonly sink: RequestBody;
  readonly stop: AbortSignal;
  readonly alive: () => void;
}

async function answerTo(docker: Docker, { sink, stop, alive }: Answering): Promise<Digest> {
  const answer = await docker.loadImage(sink as unknown as NodeJS.ReadableStream, {
    abortSignal: stop,
  });
  const loaded: string[] = [];
  await readEvents(answer as unknown as AsyncIterable<Uint8Array>, {
    work,
    onEvent: ({ stream }) => {
      alive();
      if (stream?.startsWith('Loaded image')) loaded.push(stream);
    },
  });
  if (loaded.length !== 1) throw nonsense(work, `it loaded ${loaded.length} images`);
  const imageId = Digest.safeParse(/^Loaded image ID: (\S+)\s*$/.exec(loaded[0] ?? '')?.[1]);
  return imageId.data ?? fail('docker-nonsense', { what: work.noun, problem: 'it names no image' });
}

interface Filling extends LoadOptions {
  readonly sizes: readonly number[];
  readonly alive: () => void;
}

/** Gives the id of the image that the archive was proven to be. */
async function fill(sink: Writable, options: Filling): Promise<Digest> {
  const tar = new TarWriter(sink);
  const archive = await readArchive(counted(options), {
    limits: options.limits,
    onLayer: (layer) => copyLayer(tar, layer, options.sizes),
  });
  if (archive.imageId !== options.imageId) {
    fail('changed-image', { got: archive.imageId, want: options.imageId });
  }
  const manifest = [{ Config: 'config.json', RepoTags: null, Layers: archive.order.map(fileOf) }];
  await tar.file('config.json', archive.config);
  await tar.file('manifest.json', Buffer.from(JSON.stringify(manifest)));
  await tar.end();
  sink.end();
  return archive.imageId;
}

async function copyLayer(
  tar: TarWriter,
  { index, size, bytes, unhashed }: LayerStream,
  sizes: readonly number[],
): Promise<void> {
  const announced = size ?? sizes[index];
  if (announced === undefined) throw new SizeNeeded();
  await tar.begin(fileOf(index), announced);
  let copied = 0;
  // The engine hashes each layer itself and compares it with the config, which we have proven.
  for await (const chunk of unhashed ?? bytes) {
    copied += chunk.length;
    if (copied > announced) break;
    await tar.write(chunk);
  }
  if (copied !== announced) throw nonsense(work, 'its layers changed between two readings');
  await tar.pad(announced);
}

function fileOf(index: number): string {
  return `layer-${index}.tar`;
}

async function* counted({ open, onRead, alive }: Filling): AsyncGenerator<Uint8Array> {
  const artifact = await open();
  let read = 0;
  for await (const chunk of artifact.bytes) {
    read += chunk.length;
    alive();
    onRead(read, artifact);
    yield chunk;
  }
}

async function unpackedSizes({ open, limits }: LoadOptions): Promise<readonly number[]> {
  const { order, layers } = await readArchive(bytesOf(open), { limits });
  const sizes: number[] = [];
  for (const [at, index] of order.entries()) sizes[index] = layers[at]?.size ?? 0;
  return sizes;
}

async function* bytesOf(open: () => Promise<Artifact>): Bytes {
  yield* (await open()).bytes;
}
