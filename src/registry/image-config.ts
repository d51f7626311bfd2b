import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import { Digest } from '../domain/reference.ts';
import type { Client } from './client.ts';
import { sha256, type Descriptor } from './manifest.ts';

/** @see https://github.com/opencontainers/image-spec/blob/main/config.md#properties */
const imageConfig = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  rootfs: z.object({ type: z.literal('layers'), diff_ids: z.array(Digest) }),
});

/** What the registry has as an image's config, proven by its hash. */
export interface StoredConfig {
  /** `linux/amd64` */
  readonly platform: string;
  /** The base first; as many as the manifest has layers. */
  readonly diffIds: readonly Digest[];
}

/** Reads the config of an image of the repository. Throws `registry-nonsense` where it is not what its digest says. */
export async function readConfig(
  client: Client,
  name: string,
  image: { readonly config: Descriptor; readonly layers: readonly Descriptor[] },
): Promise<StoredConfig> {
  const { digest } = image.config;
  const what = `the image config ${digest}`;
  const bytes = await configBytes(client, name, digest);
  if (!bytes) fail('registry-nonsense', { what, problem: 'it is missing' });
  const parsed = imageConfig.safeParse(parseJson(bytes));
  if (!parsed.success) fail('registry-nonsense', { what, problem: 'it is no image config' });
  const { os, architecture, variant, rootfs } = parsed.data;
  if (rootfs.diff_ids.length !== image.layers.length) {
    fail('registry-nonsense', {
      what,
      problem: 'it has another number of layers than its manifest',
    });
  }
  const platform = [os, architecture, variant].filter(Boolean).join('/');
  return { platform, diffIds: rootfs.diff_ids };
}

/**
 * The bytes of an image's config; `undefined` where the repository lacks it. Throws `registry-nonsense` where they do not
 * have that digest.
 */
export async function configBytes(
  client: Client,
  name: string,
  digest: Digest,
): Promise<Buffer | undefined> {
  const what = `the image config ${digest}`;
  const answer = await client.call({
    what,
    method: 'GET',
    at: `/v2/${name}/blobs/${digest}`,
    scope: client.reading(name),
    expect: [200, 404],
  });
  if (answer.status === 404) return undefined;
  if (sha256(answer.bytes) !== digest) {
    fail('registry-nonsense', { what, problem: 'its bytes do not have its digest' });
  }
  return answer.bytes;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
