import { GzipFault, oneMember } from '../archive/gzip-member.ts';
import { fail } from '../domain/errors.ts';
import type { ArchiveLayer } from '../domain/plan.ts';
import type { Bytes } from '../ports.ts';
import { blobBytes, hashed, tapped } from './blob.ts';
import type { Client } from './client.ts';
import { isGzipLayer, isPlainLayer, type Descriptor } from './manifest.ts';

/** A blob that is said to be a layer of the image. */
export interface LayerClaim {
  /** The repository it is in. */
  readonly repository: string;
  readonly blob: Descriptor;
  readonly layer: ArchiveLayer;
}

/**
 * Fetches a blob and looks whether it is that layer: its own digest and size, one gzip member or a plain tar without a
 * byte behind it, unpacked exactly the layer's bytes. Gives what is wrong with it, `undefined` where nothing is. No more
 * is read than the layer could have. Throws `registry-nonsense` where the registry gives other bytes than it names, or
 * another PromotionError where it can't be read.
 */
export async function flawOf(client: Client, claim: LayerClaim): Promise<string | undefined> {
  const { blob, layer } = claim;
  const isPlain = isPlainLayer(blob);
  if (!isPlain && !isGzipLayer(blob)) return `it is ${blob.mediaType.slice(0, 80)}`;
  if (isPlain ? blob.size !== layer.size : blob.size > longest(layer.size)) {
    return `it has ${blob.size} bytes`;
  }
  return await client.pace.persist(async () => {
    const flaw = await flawIn(client, claim, isPlain ? (bytes) => bytes : oneMember);
    // What was given up in the middle may not even have been the blob that was asked for.
    if (flaw !== undefined) await readNamed(client, claim);
    return flaw;
  }, client.signal);
}

/** gzip adds a few bytes to each block of what it can't make smaller. */
function longest(size: number): number {
  return Math.ceil(size * 1.01) + 64 * 1024;
}

async function flawIn(
  client: Client,
  claim: LayerClaim,
  unpack: (bytes: Bytes) => Bytes,
): Promise<string | undefined> {
  const { layer } = claim;
  const blob = named(client, claim);
  const raw = hashed(unpack(blob.bytes));
  try {
    for await (const _ of raw.bytes) {
      if (raw.size() > layer.size) return 'it unpacks to more than the layer';
    }
  } catch (error) {
    if (error instanceof GzipFault) return error.message;
    throw error;
  }
  blob.check();
  return raw.digest() === layer.diffId ? undefined : 'it unpacks to another layer';
}

async function readNamed(client: Client, claim: LayerClaim): Promise<void> {
  const blob = named(client, claim);
  for await (const _ of blob.bytes);
  blob.check();
}

/** The blob's bytes; at their end it can be checked that they were the blob's. */
function named(client: Client, { repository, blob: { digest, size } }: LayerClaim) {
  const wrong = (problem: string) =>
    fail('registry-nonsense', { what: `the layer ${digest}`, problem });
  let left = size;
  const { bytes, digest: got } = hashed(
    tapped(blobBytes(client, repository, digest), ({ length }) => {
      left -= length;
      if (left < 0) wrong('it is longer than its manifest says');
    }),
  );
  const check = (): void => {
    if (left > 0) wrong('it is shorter than its manifest says');
    if (got() !== digest) wrong('its bytes do not have its digest');
  };
  return { bytes, check };
}
