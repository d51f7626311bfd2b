import { fail, PromotionError } from '../domain/errors.ts';
import type { Target } from '../domain/plan.ts';
import type { Digest } from '../domain/reference.ts';
import type { Client } from './client.ts';
import { readManifest, type Descriptor, type FoundManifest } from './manifest.ts';

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
  const byTag = await waited(client, { target, reference: target.tag });
  const want = expected.digest ?? byTag.digest;
  check(byTag, { subject, want });
  const byDigest = await waited(client, { target, reference: want });
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
  await Promise.all(blobs.map((blob) => checkBlob(client, target, blob)));
  const size = layers.reduce((sum, layer) => sum + layer.size, config.size);
  return { digest: want, size, layers };
}

/**
 * What was just put: it may still be missing where the registry answers from a cache, and be withheld where only what was
 * scanned may be pulled.
 */
async function waited(
  client: Client,
  { target, reference }: { readonly target: Target; readonly reference: string },
): Promise<FoundManifest> {
  const at = reference === target.tag ? `:${reference}` : `@${reference}`;
  for (let tries = 1; ; tries += 1) {
    const found = await readManifest(client, target.name, reference).catch((error: unknown) => {
      const isWithheld = error instanceof PromotionError && error.reason === 'registry-withheld';
      if (isWithheld && tries < looks) return undefined;
      throw error;
    });
    if (found) return found;
    if (tries === looks) {
      const problem = 'it was put, and it is not there';
      fail('registry-nonsense', { what: `the manifest of ${target.name}${at}`, problem });
    }
    await client.pace.wait(tries, client.signal);
  }
}

function check(found: FoundManifest, { subject, want }: { subject: string; want: Digest }): void {
  for (const got of [found.digest, found.claimed ?? want]) {
    if (got !== want) fail('read-back-digest', { target: subject, got, want });
  }
}

/** A blob that was just put is seen late by some registries: it is waited for, half a minute at most. */
async function checkBlob(
  client: Client,
  target: Target,
  { digest, size }: Descriptor,
): Promise<void> {
  const what = `the blob ${digest}`;
  for (let tries = 1; ; tries += 1) {
    const stored = await blobSize(client, target.name, digest);
    if (stored !== undefined && isOfSize(stored, size)) return;
    if (stored !== undefined) {
      fail('registry-nonsense', { what, problem: `it has ${stored} bytes, not ${size}` });
    }
    if (tries === looks) fail('registry-nonsense', { what, problem: 'it is missing' });
    await client.pace.wait(tries, client.signal);
  }
}

/** How a failure behind the tag is told: that, and to what, the tag is set is the first thing to know then. */
export function behindTheTag(digest: Digest): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof PromotionError)) throw error;
    const { refusal } = error;
    const facts = { set: `; the tag is set, to ${digest}`, ...refusal.facts };
    throw new PromotionError({ ...refusal, facts });
  };
}

/** How often something is looked for that must be there, longer apart each time. */
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
