import { fail, PromotionError, refuse } from '../domain/errors.ts';
import type { Target } from '../domain/plan.ts';
import type { Digest } from '../domain/reference.ts';
import type { Answer, Client } from './client.ts';
import { single } from './http.ts';
import { mediaTypes, sha256 } from './manifest.ts';
import { look } from './registry.ts';
import { Transient } from './retry.ts';
import { pushing } from './session.ts';

/** A manifest that is to be published. */
export interface Publication {
  readonly target: Target;
  readonly imageId: Digest;
  readonly manifest: Buffer;
}

/** Puts the manifest under its digest: it is there, and complete, before a tag shows it. Gives the digest. */
export async function putManifest(client: Client, publication: Publication): Promise<Digest> {
  const digest = sha256(publication.manifest);
  const put = await client.pace.persist(
    () => attemptToPut(client, publication, digest),
    client.signal,
  );
  check(put, publication);
  return digest;
}

/** Some registries see blobs late, and refuse a manifest that names one which they have just taken: it is put again. */
async function attemptToPut(
  client: Client,
  { target: { name }, manifest }: Publication,
  reference: string,
): Promise<Answer> {
  const ask = {
    what: `the manifest of ${name}`,
    method: 'PUT',
    at: `/v2/${name}/manifests/${reference}`,
    scope: pushing(name),
    headers: { 'content-type': mediaTypes.manifest },
    body: manifest,
    expect: ['success', 400, 404],
  } as const;
  const put = await client.attempt(ask);
  if (put.status < 400) return put;
  if (!put.bytes.includes('BLOB_UNKNOWN')) throw await client.failure(put, ask);
  const facts = { what: ask.what, status: String(put.status), said: client.quote(put) };
  throw new Transient(refuse('registry-failed', facts));
}

/**
 * Puts the tag, last of all, and only where it is free. A registry has no way to do both at once, so the tag is looked
 * at right before, and again whenever it is not sure that a request arrived: a lost reply shows as our own manifest.
 * Gives the digest that the tag has: another than ours where somebody published this very image meanwhile.
 */
export async function putTag(client: Client, publication: Publication): Promise<Digest> {
  const digest = sha256(publication.manifest);
  return await client.pace.persist(async () => {
    const there = await ours(client, publication);
    if (there) return there;
    try {
      const put = await attemptToPut(client, publication, publication.target.tag);
      check(put, publication);
      return digest;
    } catch (error) {
      // A registry with immutable tags refuses a tag that was taken since we looked.
      const isFinal = error instanceof PromotionError && !client.signal.aborted;
      const meanwhile = isFinal ? await ours(client, publication) : undefined;
      if (meanwhile && meanwhile !== digest) return meanwhile;
      throw error;
    }
  }, client.signal);
}

/** What the tag holds where it is this image; `undefined` where it is free. Throws `changed-tag`. */
async function ours(client: Client, { target, imageId }: Publication): Promise<Digest | undefined> {
  const now = await look(client, target);
  if (now.state !== 'holds') return undefined;
  if (now.imageId === imageId) return now.digest;
  return fail('changed-tag', { target: `${target.name}:${target.tag}`, digest: now.digest });
}

/** That the registry calls it as we do, where it says so at all: the read-back proves it. */
function check(put: Answer, { target, manifest }: Publication): void {
  const want = sha256(manifest);
  const claimed = single(put, 'docker-content-digest');
  if (claimed === undefined || claimed === want) return;
  fail('read-back-digest', { target: `${target.name}:${target.tag}`, got: claimed, want });
}
