import { createHash } from 'node:crypto';
import type { Bytes } from '../ports.ts';
import { digestFromHex, type Digest } from '../domain/reference.ts';
import type { Client } from './client.ts';

/** A blob of the repository as it comes. Throws a Transient where the network fails, else a PromotionError. */
export async function* blobBytes(
  client: Client,
  name: string,
  digest: Digest,
): AsyncGenerator<Uint8Array> {
  const what = `the layer ${digest}`;
  const { signal } = client;
  const at = `/v2/${name}/blobs/${digest}`;
  const scope = client.reading(name);
  const { body } = await client.open({ what, method: 'GET', at, scope, expect: [200] });
  try {
    yield* body as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw client.http.translate(error, { what, signal });
  }
}

/** The same bytes, counted and hashed as they pass. */
export function hashed(source: Bytes) {
  const hash = createHash('sha256');
  let size = 0;
  const bytes = tapped(source, (chunk) => {
    hash.update(chunk);
    size += chunk.length;
  });
  return { bytes, size: () => size, digest: () => digestFromHex(hash.digest('hex')) };
}

/** The same bytes, shown to `tap` first. */
export async function* tapped(
  source: Bytes,
  tap: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    tap(chunk);
    yield chunk;
  }
}
