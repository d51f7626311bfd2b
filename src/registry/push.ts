import type { ArchiveLimits } from '../archive/limits.ts';
import { fail, PromotionError } from '../domain/errors.ts';
import { CompressorFailure } from '../packing/compressor.ts';
import { plainZlib, type CompressorSetting } from '../packing/setting.ts';
import { stoppable } from '../packing/stoppable.ts';
import type { Artifact, Engine, Push } from '../ports.ts';
import type { Pushed, PushedLayer } from '../domain/states.ts';
import { Carrier, type Carried } from './carry.ts';
import type { Client } from './client.ts';
import { onErrand } from './errand.ts';
import { asItIs, finish } from './finish.ts';
import { configBytes } from './image-config.ts';
import { knownLayers, type KnownLayers } from './known.ts';
import { LostUpload } from './lost-upload.ts';
import { look } from './registry.ts';
import { Report } from './report.ts';
import { cancelSession, openSession } from './session.ts';
import type { RegistryOptions } from './timing.ts';
import { defaultChunks, roomFor, smallerThan, type ChunkSizes } from './window.ts';

export interface EngineOptions extends RegistryOptions {
  readonly limits: ArchiveLimits;
  /** Asked once a push. @default plain zlib */
  readonly compressor?: (() => Promise<CompressorSetting>) | undefined;
  readonly chunks?: ChunkSizes | undefined;
  /** Other repositories of the registry whose images may share layers with this one. */
  readonly siblings?: readonly string[] | undefined;
}

/** How often the artifact is read, where the registry loses what it had. */
const rounds = 3;
/** Milliseconds for telling the registry which uploads it may forget. */
const farewell = 3000;

/**
 * The engine that streams the artifact to the registry: without a daemon, without a temp file, in constant memory.
 * The manifest goes up only after every byte of the artifact was proven to be what was approved, the tag last of all.
 */
export function createRegistryEngine(options: EngineOptions): Engine {
  return async (push) => {
    const { credentials, signal, target } = push;
    const subject = `${target.name}:${target.tag}`;
    const errand = { subject, credentials, signal, pushesTo: target.name };
    return await onErrand(options, errand, (client) => publish(client, options, push));
  };
}

async function publish(client: Client, options: EngineOptions, push: Push): Promise<Pushed> {
  const { target, contents } = push;
  const { name } = target;
  const report = new Report(push.onProgress);
  const now = await look(client, target);
  if (now.state === 'holds') {
    if (now.imageId === contents.imageId) return await asItIs(client, push, now.digest);
    fail('tag-taken', { target: `${name}:${target.tag}`, digest: now.digest });
  }
  // Only who may push gets a session: told now, not after the download.
  const spare: Work['spare'] = {
    session: await openSession(client, { name, what: 'the first upload' }),
  };
  const over = new AbortController();
  try {
    const learning = client.until(AbortSignal.any([client.signal, over.signal]));
    const learned = learn(learning, options, push);
    // Awaited when the artifact is open; until then its failure must not count as nobody's.
    learned.catch(() => undefined);
    const compressor = (await options.compressor?.()) ?? plainZlib;
    const carried = await carry(client, { options, push, compressor, learned, spare, report });
    return await finish(client, { push, carried, report, spare });
  } finally {
    // Whatever is still being read is of no use any more.
    over.abort();
    if (spare.session) await cancelSession(leaving(client), name, spare.session);
  }
}

async function learn(
  client: Client,
  options: EngineOptions,
  { target, contents, ledger }: Push,
): Promise<KnownLayers> {
  const { name } = target;
  const siblings = options.siblings?.filter((sibling) => sibling !== name) ?? [];
  return await knownLayers(client, { name, layers: contents.layers, ledger, siblings });
}

interface Work {
  readonly options: EngineOptions;
  readonly push: Push;
  readonly compressor: CompressorSetting;
  /** The layers that may be there. */
  readonly learned: Promise<KnownLayers>;
  readonly spare: { session: URL | undefined };
  readonly report: Report;
}

/**
 * Carries the artifact, and once more where the registry lost what can't be sent again, or where an accelerator failed:
 * then without it.
 */
async function carry(client: Client, work: Work): Promise<Carried> {
  let how: How = { chunks: work.options.chunks ?? defaultChunks, compressor: work.compressor };
  let round = 1;
  for (;;) {
    try {
      return await carryOnce(client, work, how);
    } catch (error) {
      if (error instanceof CompressorFailure && how.compressor !== plainZlib) {
        how = { ...how, compressor: plainZlib };
        continue;
      }
      if (!(error instanceof LostUpload)) throw error;
      if (error.because === 'chunks-refused' && how.chunks !== 'stream') {
        how = { ...how, chunks: smallerThan(how.chunks) };
        continue;
      }
      if (round === rounds) throw new PromotionError(error.refusal);
      round += 1;
      // What is lost twice is not lost by chance: without chunks there is nothing to lose count of.
      if (round === rounds) how = { ...how, chunks: 'stream' };
    }
  }
}

interface How {
  readonly chunks: ChunkSizes | 'stream';
  readonly compressor: CompressorSetting;
}

async function carryOnce(
  client: Client,
  { options, push, learned, spare, report }: Work,
  { chunks, compressor }: How,
): Promise<Carried> {
  let opening = open(push, report);
  // That there is no such artifact is told at once, however long the registry takes.
  const known = await Promise.race([learned, opening.then(() => learned)]);
  if (push.contents.layers.every(({ diffId }) => known.has(diffId))) {
    const whole = await unsentImage(client, { push, known, report }, await opening);
    if (whole) return whole;
    // Something that was said to be there is not: it is read once more, to be sent.
    opening = open(push, report);
  }
  const stop = new AbortController();
  const carrier = new Carrier({
    client: client.until(AbortSignal.any([client.signal, stop.signal])),
    name: push.target.name,
    contents: push.contents,
    limits: options.limits,
    compressor,
    chunks,
    room: roomFor(chunks),
    known,
    spare,
    stop: (error) => stop.abort(error),
    report,
  });
  try {
    return await carrier.carry(opening);
  } catch (error) {
    stop.abort(error);
    const last = leaving(client);
    await Promise.all(carrier.uploads.map((upload) => upload.cancel(last)));
    throw error;
  }
}

async function open(push: Push, report: Report): Promise<Artifact> {
  const artifact = await push.open();
  report.opened(artifact.size);
  return artifact;
}

/** The image where nothing of it must be sent, when its artifact has proven that it is the approved one. */
async function unsentImage(
  client: Client,
  { push, known, report }: Pick<Work, 'push' | 'report'> & { readonly known: KnownLayers },
  artifact: Artifact,
): Promise<Carried | undefined> {
  const stop = new AbortController();
  const signal = AbortSignal.any([client.signal, stop.signal]);
  try {
    const [whole] = await Promise.all([
      wholeImage(client, push, known),
      proveArtifact(artifact, signal, report),
    ]);
    return whole;
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}

/**
 * The image where the registry has every part of it. Its layers need not be unpacked again: the approved plan says what
 * this very artifact holds, and its hash says that it is this one.
 */
async function wholeImage(
  client: Client,
  { target, contents }: Push,
  known: KnownLayers,
): Promise<Carried | undefined> {
  const layers: PushedLayer[] = [];
  for (const { diffId } of contents.layers) {
    const layer = await known.get(diffId);
    if (!layer) return undefined;
    layers.push(layer);
  }
  const bytes = await configBytes(client, target.name, contents.imageId);
  if (!bytes) return undefined;
  const config = { size: bytes.length, bytes: undefined };
  return { config, layers, compressor: 'none: every layer was there' };
}

/** Reads the artifact to its end: throws where it is not the approved one. */
async function proveArtifact(
  artifact: Artifact,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  const bytes = stoppable(artifact.bytes, signal, (count) => report.read(count));
  for await (const _ of bytes);
  artifact.facts();
}

function leaving(client: Client): Client {
  return client.until(AbortSignal.timeout(farewell));
}
