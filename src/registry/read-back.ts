import { fail, refuse } from '../errors.ts';
import type { Target } from '../plan.ts';
import type { Digest } from '../reference.ts';
import type { Client } from './client.ts';
import { readManifest, type Descriptor, type FoundManifest } from './manifest.ts';
import { Transient } from './retry.ts';

/** What is under a pushed tag, proven by its bytes. */
export interface ReadBack {
  readonly digest: Digest;
  /** Bytes that a pull transfers: config and compressed layers. */
  readonly size: number;
  readonly layers: readonly Descriptor[];
}

export interface Expected {
  readonly target: Target;
  readonly imageId: Digest;
  /** The manifest that was pushed, where we know; otherwise whatever the tag holds is taken at its bytes. */
  readonly digest?: Digest | undefined;
}

/**
 * Reads a pushed tag back and proves it: the bytes under the tag and under the digest are the same and hash to it, and
 * the config is the image's. Throws `read-back-digest`, `read-back-config` or another PromotionError.
 */
export async function readBack(client: Client, expected: Expected): Promise<ReadBack> {
  const { target, imageId } = expected;
  const subject = `${target.name}:${target.tag}`;
  const byTag = await client.pace.persist(() => underTag(client, expected), client.signal);
  const want = expected.digest ?? byTag.digest;
  check(byTag, { subject, want });
  const byDigest = await readManifest(client, target.name, want);
  if (!byDigest) fail('read-back-digest', { target: subject, got: 'nothing', want });
  check(byDigest, { subject, want });
  const config = byDigest.image?.config;
  if (config?.digest !== imageId) {
    fail('read-back-config', {
      target: subject,
      got: config?.digest ?? 'no single image',
      want: imageId,
    });
  }
  const layers = byDigest.image?.layers ?? [];
  const blobs = [config, ...layers];
  await Promise.all(blobs.map((blob) => checkBlob(client, { target, digest: want }, blob)));
  const size = layers.reduce((sum, layer) => sum + layer.size, config.size);
  return { digest: want, size, layers };
}

/** A tag that was just put may still be missing where the registry answers from a cache. */
async function underTag(client: Client, { target, digest }: Expected): Promise<FoundManifest> {
  const found = await readManifest(client, target.name, target.tag);
  if (found) return found;
  const facts = {
    target: `${target.name}:${target.tag}`,
    got: 'nothing',
    want: digest ?? 'an image',
  };
  throw new Transient(refuse('read-back-digest', facts));
}

function check(found: FoundManifest, { subject, want }: { subject: string; want: Digest }): void {
  for (const got of [found.digest, found.claimed ?? want]) {
    if (got !== want) fail('read-back-digest', { target: subject, got, want });
  }
}

/** A blob that was just put is seen late by some registries: it is waited for, half a minute at most. */
async function checkBlob(
  client: Client,
  { target, digest: manifest }: { readonly target: Target; readonly digest: Digest },
  { digest, size }: Descriptor,
): Promise<void> {
  const what = `the blob ${digest}`;
  const set = `the tag is set, to ${manifest}`;
  for (let tries = 1; ; tries += 1) {
    const stored = await blobSize(client, target.name, digest);
    if (stored !== undefined && isOfSize(stored, size)) return;
    if (stored !== undefined) {
      fail('registry-nonsense', { what, problem: `it has ${stored} bytes, not ${size}; ${set}` });
    }
    if (tries === looks) fail('registry-nonsense', { what, problem: `it is missing; ${set}` });
    await client.pace.wait(tries, client.signal);
  }
}

/** How often a blob is looked for that must be there, longer apart each time. */
const looks = 7;

/** Bytes of a blob; `unknown` where it is there and the registry does not tell. */
export type BlobSize = number | 'unknown';

/** Whether a blob that is there may be the one of that size: its digest says that it is. */
export function isOfSize(stored: BlobSize | undefined, size: number): boolean {
  return stored === 'unknown' || stored === size;
}

/**
 * How large a blob of the repository is; `undefined` where it is not there. Registries that hand out from a cache or a
 * storage of their own answer without a length, or with 0.
 */
export async function blobSize(
  client: Client,
  name: string,
  digest: Digest,
): Promise<BlobSize | undefined> {
  const what = `the blob ${digest}`;
  const answer = await client.call({
    what,
    method: 'HEAD',
    at: `/v2/${name}/blobs/${digest}`,
    scope: client.reading(name),
    expect: [200, 404],
  });
  if (answer.status === 404) return undefined;
  const length = answer.header('content-length');
  return length !== undefined && /^[1-9]\d{0,15}$/.test(length) ? Number(length) : 'unknown';
}
