import pLimit from 'p-limit';
import { fail } from '../domain/errors.ts';
import type { Contents } from '../domain/plan.ts';
import type { KnownLayer, Ledger, Proof } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import type { PushedLayer } from '../domain/states.ts';
import type { Client } from './client.ts';
import { configBytes } from './image-config.ts';
import { isGzipLayer, readManifest, readPlainly, type Descriptor } from './manifest.ts';
import { flawOf } from './prove-layer.ts';

/** Blobs that are read at once: their unpacking is spread over Node's thread pool. */
export const proofsAtOnce = 3;

/** A manifest that is to be proven to be of this image. */
export interface ImageClaim {
  readonly name: string;
  readonly digest: Digest;
  readonly contents: Contents;
  readonly ledger: Ledger;
  /** Whether the layer was just sent by an engine whose own manifest this is. */
  readonly isSent?: ((index: number) => boolean) | undefined;
}

/**
 * Whether a manifest is of exactly this image: its config is, and each of its layers is known from our own ledger or
 * proven now by its bytes; what was read is remembered. Nothing that anybody else says of it counts. Throws a
 * PromotionError where it can't be read, or where the registry gives other bytes than it names.
 */
export async function proveImage(client: Client, claim: ImageClaim): Promise<Proof> {
  const { name, digest, contents } = claim;
  const what = `the manifest of ${name}@${digest}`;
  const found = await readManifest(client, name, digest);
  if (found?.digest !== digest) {
    const problem = found ? 'its bytes do not have its digest' : 'it is not there';
    fail('registry-nonsense', { what, problem });
  }
  const image = readPlainly(found);
  if (!image) return { problem: 'its manifest can be read in more than one way' };
  const problem =
    (await configFlaw(client, claim, image.config)) ??
    (image.layers.length === contents.layers.length
      ? undefined
      : `it has ${image.layers.length} layers, not ${contents.layers.length}`);
  return problem === undefined ? await proveLayers(client, claim, image.layers) : { problem };
}

async function configFlaw(
  client: Client,
  { name, contents }: ImageClaim,
  config: Descriptor,
): Promise<string | undefined> {
  if (config.digest !== contents.imageId) return `its config is ${config.digest}`;
  const bytes = await configBytes(client, name, config.digest);
  if (!bytes) return 'its config is missing';
  return bytes.length === config.size ? undefined : `its config has ${bytes.length} bytes`;
}

async function proveLayers(
  client: Client,
  claim: ImageClaim,
  blobs: readonly Descriptor[],
): Promise<Proof> {
  const { contents, ledger } = claim;
  const known = await ledger.find(contents.layers.map(({ diffId }) => diffId));
  const limit = pLimit(proofsAtOnce);
  const proofs = blobs.map((blob, index) =>
    limit(() => proveBlob(client, claim, { blob, index, known })),
  );
  const layers: PushedLayer[] = [];
  for (const proof of await Promise.all(proofs)) {
    if ('problem' in proof) return proof;
    layers.push(proof);
  }
  return { layers };
}

async function proveBlob(
  client: Client,
  { name, contents, ledger, isSent = () => false }: ImageClaim,
  given: {
    readonly blob: Descriptor;
    readonly index: number;
    readonly known: readonly KnownLayer[];
  },
): Promise<PushedLayer | { readonly problem: string }> {
  const { blob, index, known } = given;
  const layer = contents.layers[index];
  if (!layer) throw new Error(`The image has no layer ${index}`);
  const { diffId } = layer;
  const { digest, size } = blob;
  const proven = { diffId, digest, size, how: 'present' } as const;
  // A blob means the same wherever it is, so the repository does not matter.
  const isSame = (one: KnownLayer) =>
    one.diffId === diffId && one.digest === digest && one.size === size;
  if (isGzipLayer(blob) && (isSent(index) || known.some(isSame))) return proven;
  const flaw = await flawOf(client, { repository: name, blob, layer });
  if (flaw !== undefined) return { problem: `in layer ${index + 1}, ${flaw}` };
  if (isGzipLayer(blob)) await ledger.add([{ diffId, digest, size, repository: name }]);
  return proven;
}
