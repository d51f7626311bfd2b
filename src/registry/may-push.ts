import type { Target } from '../plan.ts';
import type { Client } from './client.ts';

/**
 * Throws `registry-credentials` or `registry-denied` where the account may not push: an upload is begun and cancelled,
 * which is the one question that every registry answers truthfully.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export async function mayPush(client: Client, { name }: Target): Promise<void> {
  const scope = { name, actions: 'pull,push' } as const;
  const what = 'whether we may push';
  const path = `/v2/${name}/blobs/uploads/`;
  const started = await client.call({ what, method: 'POST', at: path, scope, expect: [202] });
  const from = client.url(path);
  const at = client.locate(started.header('location'), { from, what });
  // Registries drop an upload that nobody goes on with; not every one can be told to.
  await client
    .attempt({ what, method: 'DELETE', at, scope, expect: [200, 202, 204] })
    .catch(() => undefined);
}
