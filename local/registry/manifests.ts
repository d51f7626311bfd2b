import { json, refusal, type Reply } from './reply.ts';
import { sha256, type Store, type StoredRepository } from './store.ts';

/** HEAD and GET of `/v2/<name>/manifests/<tag or digest>`. */
export function manifest(store: Store, name: string, reference: string): Reply {
  const repository = store.repositories.get(name);
  const digest = repository?.tags.get(reference) ?? reference;
  const found = repository?.manifests.get(digest);
  if (!found) return refusal(404, 'MANIFEST_UNKNOWN');
  const headers = { 'content-type': found.mediaType, 'docker-content-digest': digest };
  return { status: 200, headers, body: found.bytes };
}

/** A manifest that somebody puts. */
export interface Put {
  readonly name: string;
  readonly reference: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** PUT of `/v2/<name>/manifests/<tag or digest>`: digests are checked, blobs must be there. */
export function putManifest(store: Store, put: Put): Reply {
  const digest = sha256(put.bytes);
  const byDigest = put.reference.startsWith('sha256:');
  if (byDigest && put.reference !== digest) return refusal(400, 'DIGEST_INVALID');
  const repository = store.repository(put.name);
  const missing = missingParts(repository, put.bytes);
  if (missing === undefined) return refusal(400, 'MANIFEST_INVALID');
  if (missing.length > 0) return refusal(400, 'MANIFEST_BLOB_UNKNOWN', missing.join(' '));
  repository.manifests.set(digest, { mediaType: put.mediaType, bytes: put.bytes });
  if (!byDigest) repository.tags.set(put.reference, digest);
  const headers = {
    location: `/v2/${put.name}/manifests/${digest}`,
    'docker-content-digest': digest,
  };
  return { status: 201, headers };
}

interface Parts {
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
}

/** Digests that the manifest names and the repository lacks; `undefined` where it is no manifest. */
function missingParts(repository: StoredRepository, bytes: Buffer): string[] | undefined {
  let parts: Parts;
  try {
    parts = JSON.parse(bytes.toString('utf8')) as Parts;
  } catch {
    return undefined;
  }
  if (parts.manifests) {
    return parts.manifests
      .map(({ digest }) => digest)
      .filter((digest) => !repository.manifests.has(digest));
  }
  if (!parts.config || !parts.layers) return undefined;
  return [parts.config, ...parts.layers]
    .map(({ digest }) => digest)
    .filter((digest) => !repository.blobs.has(digest));
}

/** GET of `/v2/<name>/tags/list`, in lexical order, by pages where `n` is given. */
export function tags(store: Store, name: string, query: URLSearchParams): Reply {
  const repository = store.repositories.get(name);
  if (!repository) return refusal(404, 'NAME_UNKNOWN');
  const last = query.get('last') ?? '';
  const all = [...repository.tags.keys()].toSorted().filter((tag) => tag > last);
  const page = all.slice(0, Number(query.get('n') ?? all.length));
  const next = page.at(-1);
  if (next === undefined || page.length === all.length) return json({ name, tags: page });
  const link = `</v2/${name}/tags/list?n=${page.length}&last=${encodeURIComponent(next)}>; rel="next"`;
  return json({ name, tags: page }, { link });
}
