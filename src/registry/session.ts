import { fail } from '../domain/errors.ts';
import type { Client } from './client.ts';
import { single, type HttpAnswer } from './http.ts';

/** What an upload session is of. */
export interface SessionOf {
  readonly name: string;
  readonly what: string;
}

/** Opens an upload session; only who may push gets one. Throws a PromotionError. */
export async function openSession(client: Client, { name, what }: SessionOf): Promise<URL> {
  const at = client.url(`/v2/${name}/blobs/uploads/`);
  const answer = await client.call({
    what,
    method: 'POST',
    at,
    scope: pushing(name),
    headers: { 'content-length': '0' },
    expect: ['success', 404],
  });
  if (answer.status === 404) {
    const facts = { status: '404', said: client.quote(answer) };
    fail('registry-no-repository', { target: client.subject, ...facts });
  }
  return client.locate(answer.header('location'), { from: at, what });
}

/** How much of a session the registry has, and where it goes on. */
export interface SessionStatus {
  readonly location: URL;
  /** The first byte that is missing; `undefined` where the registry does not tell. */
  readonly offset: number | undefined;
}

/** Asks how far a session is; `undefined` where the registry no longer has it. */
export async function sessionStatus(
  client: Client,
  { name, what }: SessionOf,
  location: URL,
): Promise<SessionStatus | undefined> {
  const answer = await client.call({
    what,
    method: 'GET',
    at: location,
    scope: pushing(name),
    expect: ['success', 400, 404, 405, 416],
  });
  if (answer.status === 405) return { location, offset: undefined };
  if (answer.status >= 400) return undefined;
  const next = answer.header('location');
  return {
    location: next === undefined ? location : client.locate(next, { from: location, what }),
    offset: offsetOf(answer, what),
  };
}

/**
 * The offset that a `Range: 0-<last>` header tells. `0-0` stands for no byte at all, as docker-registry uses it.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks
 */
export function offsetOf(answer: HttpAnswer, what: string): number | undefined {
  const range = single(answer, 'range');
  if (range === undefined) return undefined;
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(range)?.[1];
  if (last === undefined) fail('registry-nonsense', { what, problem: 'its Range is none' });
  return last === '0' ? 0 : Number(last) + 1;
}

/**
 * Makes the registry forget a session. Best effort: an answer of any kind will do, and so will none. Where it wants
 * tokens that is a right of its own, to delete, which no token of ours has: there the session is left, for the registry
 * to drop like any that nobody goes on with.
 * @see https://distribution.github.io/distribution/about/configuration/#uploadpurging
 */
export async function cancelSession(client: Client, name: string, location: URL): Promise<void> {
  if (client.usesTokens) return;
  const what = 'the end of an upload';
  const scope = pushing(name);
  await client
    .attempt({ what, method: 'DELETE', at: location, scope, expect: ['success', 404] })
    .catch(() => undefined);
}

/** A token for both, as every registry has it. */
export function pushing(name: string) {
  return { name, actions: 'pull,push' } as const;
}
