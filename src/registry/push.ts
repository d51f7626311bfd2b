import type { ArchiveLimits } from '../archive/limits.ts';
import { fail, PromotionError } from '../errors.ts';
import type { Engine, Push } from '../ports.ts';
import type { Digest } from '../reference.ts';
import type { Pushed, PushedLayer } from '../states.ts';
import { Carrier, type Carried } from './carry.ts';
import type { Client } from './client.ts';
import { onErrand } from './errand.ts';
import { asItIs, finish } from './finish.ts';
import { createGzip, type Compressor } from './gzip.ts';
import { knownLayers } from './known.ts';
import { LostUpload } from './lost-upload.ts';
import { look } from './registry.ts';
import { Report } from './report.ts';
import { cancelSession, openSession } from './session.ts';
import type { RegistryOptions } from './timing.ts';
import { defaultChunks, roomFor, type ChunkSizes } from './window.ts';

export interface EngineOptions extends RegistryOptions {
  readonly limits: ArchiveLimits;
  readonly compressor?: Compressor | undefined;
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
  const compressor = options.compressor ?? createGzip();
  try {
    const known = await learn(client, options, push);
    const carried = await carry(client, { options, push, compressor, known, spare, report });
    return await finish(client, { push, carried, compressor: compressor.name, report, spare });
  } finally {
    if (spare.session) await cancelSession(leaving(client), name, spare.session);
  }
}

async function learn(
  client: Client,
  options: EngineOptions,
  { target, contents, ledger }: Push,
): Promise<Map<Digest, PushedLayer>> {
  const { name } = target;
  const diffIds = contents.layers.map((layer) => layer.diffId);
  const siblings = options.siblings?.filter((sibling) => sibling !== name) ?? [];
  return new Map(await knownLayers(client, { name, diffIds, ledger, siblings }));
}

interface Work {
  readonly options: EngineOptions;
  readonly push: Push;
  readonly compressor: Compressor;
  readonly known: Map<Digest, PushedLayer>;
  readonly spare: { session: URL | undefined };
  readonly report: Report;
}

/** Carries the artifact, and once more where the registry lost what can't be sent again. */
async function carry(client: Client, work: Work): Promise<Carried> {
  let chunks: ChunkSizes | 'stream' = work.options.chunks ?? defaultChunks;
  for (let round = 1; ; round += 1) {
    try {
      return await carryOnce(client, work, chunks);
    } catch (error) {
      if (!(error instanceof LostUpload)) throw error;
      if (round === rounds) throw new PromotionError(error.refusal);
      if (error.because === 'chunks-refused') chunks = 'stream';
    }
  }
}

async function carryOnce(
  client: Client,
  { options, push, compressor, known, spare, report }: Work,
  chunks: ChunkSizes | 'stream',
): Promise<Carried> {
  const artifact = await push.open();
  report.opened(artifact.size);
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
    return await carrier.carry(artifact);
  } catch (error) {
    stop.abort(error);
    const last = leaving(client);
    await Promise.all(carrier.uploads.map((upload) => upload.cancel(last)));
    throw error;
  }
}

function leaving(client: Client): Client {
  return client.until(AbortSignal.timeout(farewell));
}
