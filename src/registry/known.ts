import pLimit from 'p-limit';
import { PromotionError } from '../domain/errors.ts';
import type { ArchiveLayer } from '../domain/plan.ts';
import type { KnownLayer, Ledger } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import type { PushedLayer } from '../domain/states.ts';
import type { Client } from './client.ts';
import { readConfig } from './image-config.ts';
import { isGzipLayer, mediaTypes, readManifest } from './manifest.ts';
import { proofsAtOnce } from './prove-image.ts';
import { flawOf } from './prove-layer.ts';
import { blobSize, isOfSize } from './read-back.ts';
import { cancelSession } from './session.ts';
import { listTags } from './tags.ts';

export interface Wanted {
  /** The repository that is pushed to. */
  readonly name: string;
  readonly layers: readonly ArchiveLayer[];
  readonly ledger: Ledger;
  /** Other repositories that may hold the same layers. */
  readonly siblings: readonly string[];
}

/**
 * Layers that may be there, by diffID. Each comes true once it is proven and in the repository; `undefined` where it turns
 * out that it must be sent.
 */
export type KnownLayers = Map<Digest, Promise<PushedLayer | undefined>>;

/** How many tags are looked through for layers: each costs two requests. */
const most = { own: 5, sibling: 2, inAll: 12 } as const;
/** Blobs that are read for one layer: whoever puts wrong ones there must not cost more time than sending it does. */
const tries = 2;

/**
 * Layers that need not be sent: by our own ledger, or by what published images say of themselves. That is a hint where to
 * look and no more: whoever may push to one of the repositories can say anything there, so such a blob is read and
 * proven. Each layer was seen in the repository, or mounted into it, just now.
 */
export async function knownLayers(client: Client, wanted: Wanted): Promise<KnownLayers> {
  const { name, layers, ledger, siblings } = wanted;
  const known: KnownLayers = new Map();
  const ours = await ledger.find(layers.map(({ diffId }) => diffId));
  // A layer of this repository needs no mount, so it is tried first.
  const ordered = ours.toSorted((a) => (a.repository === name ? -1 : 1));
  const work = layers.map(async ({ diffId }) => {
    const layer = await firstThere(client, name, claimsOn(ordered, diffId));
    if (layer) known.set(diffId, Promise.resolve(layer));
  });
  await Promise.all(work);
  const missing = layers.filter(({ diffId }) => !known.has(diffId));
  const hints = await hintsFor(client, missing, [name, ...siblings]);
  const limit = pLimit(proofsAtOnce);
  for (const layer of missing) {
    const claims = claimsOn(hints, layer.diffId).slice(0, tries);
    if (claims.length === 0 || known.has(layer.diffId)) continue;
    const proven = limit(() => firstProven(client, { layer, claims, name, ledger }));
    // Awaited when the layer’s turn comes; until then its failure must not count as nobody’s.
    proven.catch(() => undefined);
    known.set(layer.diffId, proven);
  }
  return known;
}

function claimsOn(claims: readonly KnownLayer[], diffId: Digest): readonly KnownLayer[] {
  return claims.filter((claim) => claim.diffId === diffId);
}

async function firstThere(
  client: Client,
  name: string,
  claims: readonly KnownLayer[],
): Promise<PushedLayer | undefined> {
  for (const claim of claims) {
    const layer = await confirmed(client, name, claim);
    if (layer) return layer;
  }
  return undefined;
}

/** Blobs that somebody’s images name for these layers, each once; the repositories in their order, as far as needed. */
async function hintsFor(
  client: Client,
  missing: readonly ArchiveLayer[],
  repositories: readonly string[],
): Promise<readonly KnownLayer[]> {
  const hints: KnownLayer[] = [];
  let looked = 0;
  for (const [index, repository] of repositories.entries()) {
    if (missing.every(({ diffId }) => claimsOn(hints, diffId).length > 0)) break;
    const tags = (await helpful(client, () => listTags(client, repository))) ?? [];
    const some = tags.slice(
      0,
      Math.min(index === 0 ? most.own : most.sibling, most.inAll - looked),
    );
    looked += some.length;
    const claims = await Promise.all(some.map((tag) => claimsOf(client, repository, tag)));
    for (const claim of claims.flat()) {
      const isNew = claimsOn(hints, claim.diffId).every(({ digest }) => digest !== claim.digest);
      if (isNew) hints.push(claim);
    }
  }
  return hints;
}

interface Doubtful {
  readonly layer: ArchiveLayer;
  readonly claims: readonly KnownLayer[];
  /** The repository that is pushed to. */
  readonly name: string;
  readonly ledger: Ledger;
}

async function firstProven(
  client: Client,
  { layer, claims, name, ledger }: Doubtful,
): Promise<PushedLayer | undefined> {
  for (const claim of claims) {
    const { digest, size, repository } = claim;
    const blob = { mediaType: mediaTypes.layer, digest, size };
    const isProven = await helpful(
      client,
      async () => (await flawOf(client, { repository, blob, layer })) === undefined,
    );
    if (!isProven) continue;
    await ledger.add([claim]);
    const there = await confirmed(client, name, claim);
    if (there) return there;
  }
  return undefined;
}

/** What a published image says of its layers. Nothing where it can't be read: this only saves time. */
async function claimsOf(client: Client, repository: string, tag: string): Promise<KnownLayer[]> {
  const claims = await helpful(client, async () => {
    const found = await readManifest(client, repository, tag);
    if (!found?.image) return [];
    const { layers } = found.image;
    const { diffIds } = await readConfig(client, repository, found.image);
    return layers.flatMap((layer, index) => {
      const diffId = diffIds[index];
      if (diffId === undefined || !isGzipLayer(layer)) return [];
      return [{ diffId, digest: layer.digest, size: layer.size, repository }];
    });
  });
  return claims ?? [];
}

/** The layer, where it is in the repository with that size, or can be had from the other one. */
async function confirmed(
  client: Client,
  name: string,
  claim: KnownLayer,
): Promise<PushedLayer | undefined> {
  const { diffId, digest, size, repository } = claim;
  return await helpful(client, async () => {
    if (isOfSize(await blobSize(client, name, digest), size)) {
      return { diffId, digest, size, how: 'present' as const };
    }
    if (repository === name || !(await mount(client, name, claim))) return undefined;
    if (!isOfSize(await blobSize(client, name, digest), size)) return undefined;
    return { diffId, digest, size, how: 'mounted' as const };
  });
}

/** @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository */
async function mount(
  client: Client,
  name: string,
  { digest, repository }: KnownLayer,
): Promise<boolean> {
  const what = `the mount of ${digest}`;
  const at = client.url(`/v2/${name}/blobs/uploads/`);
  at.searchParams.set('mount', digest);
  at.searchParams.set('from', repository);
  const answer = await client.call({
    what,
    method: 'POST',
    at,
    scope: { name, actions: 'pull,push', from: repository },
    headers: { 'content-length': '0' },
    expect: ['success'],
  });
  // Whether it is there is seen when it is looked for.
  if (answer.status !== 202) return true;
  // It opened an upload instead; that one is not needed.
  const location = client.locate(answer.header('location'), { from: at, what });
  await cancelSession(client, name, location);
  return false;
}

/** What may fail without harm; only the end of the whole errand goes through. */
async function helpful<T>(client: Client, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (client.signal.aborted || !(error instanceof PromotionError)) throw error;
    return undefined;
  }
}
