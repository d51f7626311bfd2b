import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import { readJson } from '../net/json.ts';
import { Digest, digestFromHex } from '../domain/reference.ts';
import type { Client } from './client.ts';
import { single } from './http.ts';

/**
 * Docker's own image format, version 2 schema 2: what every Taskcluster worker can pull.
 * @see https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
export const mediaTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** @see https://github.com/opencontainers/image-spec/blob/main/media-types.md */
const oci = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  plainLayer: 'application/vnd.oci.image.layer.v1.tar',
} as const;

/** What Docker calls a layer that is not compressed. */
const plainLayer = 'application/vnd.docker.image.rootfs.diff.tar';

const accept = [
  mediaTypes.manifest,
  oci.manifest,
  oci.index,
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

/** @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
const descriptor = z.object({
  mediaType: z.string(),
  digest: Digest,
  size: z.int().min(0),
});
export type Descriptor = Readonly<z.infer<typeof descriptor>>;

const imageManifest = z.object({
  schemaVersion: z.literal(2),
  config: descriptor,
  layers: z.array(descriptor).max(1000),
});

/** A manifest as the registry gave it. Only its bytes are believed, and what they hash to. */
export interface FoundManifest {
  /** sha256 of the bytes. */
  readonly digest: Digest;
  /** What the registry calls it. */
  readonly claimed: string | undefined;
  readonly bytes: Buffer;
  /** `undefined` where it is not of a single image (an index). */
  readonly image:
    | { readonly config: Descriptor; readonly layers: readonly Descriptor[] }
    | undefined;
}

/** Reads the manifest under a tag or digest; `undefined` where there is none. Throws a PromotionError. */
export async function readManifest(
  client: Client,
  name: string,
  reference: string,
): Promise<FoundManifest | undefined> {
  const what = `the manifest of ${name}${reference.startsWith('sha256:') ? '@' : ':'}${reference}`;
  const answer = await client.call({
    what,
    method: 'GET',
    at: `/v2/${name}/manifests/${reference}`,
    scope: client.reading(name),
    headers: { accept },
    expect: [200, 404],
  });
  if (answer.status === 404) return undefined;
  const { bytes } = answer;
  const image = imageManifest.safeParse(parseJson(bytes, what));
  const claimed = single(answer, 'docker-content-digest');
  return { digest: sha256(bytes), claimed, bytes, image: image.data };
}

/** Throws `registry-nonsense` where the registry calls a manifest other than its bytes say. */
export function proven(found: FoundManifest, what: string): FoundManifest {
  if (found.claimed !== undefined && found.claimed !== found.digest) {
    fail('registry-nonsense', { what, problem: 'its bytes do not have the digest it is given' });
  }
  return found;
}

/** Whether a layer may stand in a manifest of ours as it is: gzip, and stored by the registry itself. */
export function isGzipLayer({ mediaType }: Descriptor): boolean {
  return mediaType === mediaTypes.layer || mediaType === oci.layer;
}

/** Whether a layer is a tar that is not compressed: its digest is the diffID itself. */
export function isPlainLayer({ mediaType }: Descriptor): boolean {
  return mediaType === plainLayer || mediaType === oci.plainLayer;
}

/** A manifest that says one thing to every reader: only what describes one image, each of it once. */
const plainDescriptor = z.strictObject({
  mediaType: z.string(),
  digest: Digest,
  size: z.int().min(0),
  annotations: z.record(z.string(), z.string()).optional(),
});
const plainManifest = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.enum([mediaTypes.manifest, oci.manifest]).optional(),
  config: plainDescriptor.extend({ mediaType: z.enum([mediaTypes.config, oci.config]) }),
  layers: z.array(plainDescriptor).max(1000),
  annotations: z.record(z.string(), z.string()).optional(),
});

/**
 * The parts of a manifest that every reader understands in the same way; `undefined` where one could see something else
 * in it: a key twice or in other capitals, a list of images besides, layers from other places.
 */
export function readPlainly({ bytes }: FoundManifest): FoundManifest['image'] {
  const json = readJson(bytes);
  return 'value' in json ? plainManifest.safeParse(json.value).data : undefined;
}

/** The bytes of a manifest. The same parts give the same bytes, and with them the same digest. */
export function formatManifest(
  config: Pick<Descriptor, 'digest' | 'size'>,
  layers: readonly Pick<Descriptor, 'digest' | 'size'>[],
): Buffer {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, size: config.size, digest: config.digest },
    layers: layers.map(({ size, digest }) => ({ mediaType: mediaTypes.layer, size, digest })),
  };
  return Buffer.from(JSON.stringify(manifest, undefined, 3));
}

export function sha256(bytes: Uint8Array): Digest {
  return digestFromHex(createHash('sha256').update(bytes).digest('hex'));
}

function parseJson(bytes: Buffer, what: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return fail('registry-nonsense', { what, problem: 'it is not JSON' });
  }
}
