import { createRegistryEngine } from '../src/registry/push.ts';
import { Digest } from '../src/domain/reference.ts';
import type { Credentials } from '../src/domain/secret.ts';
import { createInspect } from '../src/archive/inspect.ts';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

const limits = { unpacked: 8 * 1024 ** 3 };

/** Puts an image on a registry as it would have been published some time ago. */
export async function publish(
  archive: () => Readable,
  to: {
    readonly url: string;
    readonly name: string;
    readonly tag: string;
    readonly credentials: Credentials;
  },
): Promise<Digest> {
  const { url, name, tag, credentials } = to;
  const contents = await createInspect(limits)(archive());
  const hash = createHash('sha256').update(name).digest('hex');
  const pushed = await createRegistryEngine({ url, limits })({
    target: { name, tag },
    contents,
    open: async () => ({
      bytes: archive(),
      size: undefined,
      facts: () => ({ size: 0, sha256: Digest.parse(`sha256:${hash}`), checkpoints: [] }),
    }),
    credentials,
    ledger: { find: async () => [], add: async () => undefined },
    onProgress: () => undefined,
    beforeTag: async () => undefined,
    signal: new AbortController().signal,
  });
  return pushed.digest;
}
