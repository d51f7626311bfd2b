import { PromotionError } from '../errors.ts';
import type { KnownLayer, Ledger } from '../ports.ts';
import type { Digest } from '../reference.ts';
import type { PushedLayer } from '../states.ts';
import type { Client } from './client.ts';
import { readConfig } from './image-config.ts';
import { isGzipLayer, readManifest } from './manifest.ts';
import { blobSize } from './read-back.ts';
import { cancelSession } from './session.ts';
import { listTags } from './tags.ts';

export interface Wanted {
  /** The repository that is pushed to. */
  readonly name: string;
  readonly diffIds: readonly Digest[];
  readonly ledger: Ledger;
  /** Other repositories that may hold the same layers. */
  readonly siblings: readonly string[];
}

/** How many tags are looked through for layers: each costs two requests. */
const most = { own: 5, sibling: 2, inAll: 12 } as const;

/**
 * Layers that need not be sent: by the ledger of what was published before, then by what published images say of
 * themselves. Each was seen in the repository, or mounted into it, just now. That a blob unpacks to a diffID is the
 * ledger's word or that of whoever could push there; whoever pulls checks it.
 */
export async function knownLayers(
  client: Client,
  wanted: Wanted,
): Promise<ReadonlyMap<Digest, PushedLayer>> {
  const known = new Map<Digest, PushedLayer>();
  const missing = (): Digest[] => wanted.diffIds.filter((diffId) => !known.has(diffId));
  const take = async (claims: readonly KnownLayer[]): Promise<void> => {
    // A layer of this repository needs no mount, so it is tried first.
    const ordered = claims.toSorted((a) => (a.repository === wanted.name ? -1 : 1));
    const work = missing().map(async (diffId) => {
      for (const claim of ordered.filter((one) => one.diffId === diffId)) {
        const layer = await confirmed(client, wanted.name, claim);
        if (layer) return void known.set(diffId, layer);
      }
    });
    await Promise.all(work);
  };
  await take(await wanted.ledger.find(wanted.diffIds));
  let looked = 0;
  for (const repository of [wanted.name, ...wanted.siblings]) {
    if (missing().length === 0) break;
    const tags = (await helpful(client, () => listTags(client, repository))) ?? [];
    const some = tags.slice(0, repository === wanted.name ? most.own : most.sibling);
    const claims = await Promise.all(
      some.slice(0, most.inAll - looked).map((tag) => claimsOf(client, repository, tag)),
    );
    looked += some.length;
    await take(claims.flat());
  }
  return known;
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
    if ((await blobSize(client, name, digest)) === size) {
      return { diffId, digest, size, how: 'present' as const };
    }
    if (repository === name || !(await mount(client, name, claim))) return undefined;
    if ((await blobSize(client, name, digest)) !== size) return undefined;
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
    expect: [201, 202],
  });
  if (answer.status === 201) return true;
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
