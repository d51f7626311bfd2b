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
  await Promise.all([config, ...layers].map((blob) => checkBlob(client, target.name, blob)));
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

async function checkBlob(
  client: Client,
  name: string,
  { digest, size }: Descriptor,
): Promise<void> {
  const what = `the blob ${digest}`;
  const stored = await blobSize(client, name, digest);
  if (stored === undefined) fail('registry-nonsense', { what, problem: 'it is missing' });
  if (stored !== size) {
    fail('registry-nonsense', { what, problem: `it has ${stored} bytes, not ${size}` });
  }
}

/** How large a blob of the repository is; `undefined` where it is not there. */
export async function blobSize(
  client: Client,
  name: string,
  digest: Digest,
): Promise<number | undefined> {
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
  if (length === undefined || !/^\d+$/.test(length)) {
    fail('registry-nonsense', { what, problem: 'it has no length' });
  }
  return Number(length);
}
