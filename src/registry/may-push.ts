import type { Target } from '../domain/plan.ts';
import type { Client } from './client.ts';
import { cancelSession, openSession } from './session.ts';

/**
 * Throws `registry-credentials` or `registry-denied` where the account may not push: an upload is begun, and cancelled
 * where that can be, which is the one question that every registry answers truthfully.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
export async function mayPush(client: Client, { name }: Target): Promise<void> {
  const location = await openSession(client, { name, what: 'whether we may push' });
  await cancelSession(client, name, location);
}
