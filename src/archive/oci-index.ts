import { fail } from '../domain/errors.ts';
import type { Digest } from '../domain/reference.ts';
import { parseOci, type OciDocument } from './image-json.ts';

type Listed = NonNullable<OciDocument['manifests']>[number];

/**
 * Where the archive is an OCI layout too (`docker save` from 25 on), proves that its index leads to the same image and
 * to no other: there are readers that go by the one, and readers that go by the other. Throws `archive-manifest`.
 */
export function checkIndex(json: ReadonlyMap<string, Uint8Array>, imageId: Digest): void {
  const index = json.get('index.json');
  if (!index) return;
  const images = imagesOf(parseOci(index), json);
  if (!images.has(imageId)) problem('index.json does not lead to the image of manifest.json');
  if (images.size > 1) problem('index.json leads to more than one image');
}

/** Image ids of what a document leads to as far as the archive holds it; other platforms may be named only. */
function imagesOf(index: OciDocument, json: ReadonlyMap<string, Uint8Array>): ReadonlySet<Digest> {
  const images = new Set<Digest>();
  const seen = new Set<Digest>();
  const documents = [index];
  for (let document = documents.pop(); document; document = documents.pop()) {
    if (document.config) images.add(document.config.digest);
    for (const { digest } of document.manifests?.filter(isImage) ?? []) {
      const bytes = json.get(`blobs/sha256/${digest.slice('sha256:'.length)}`);
      if (bytes && !seen.has(digest)) documents.push(parseOci(bytes));
      seen.add(digest);
    }
  }
  return images;
}

/** Attestations stand beside the images that they are about. */
function isImage({ annotations, platform }: Listed): boolean {
  return !annotations?.['vnd.docker.reference.type'] && platform?.os !== 'unknown';
}

function problem(what: string): never {
  fail('archive-manifest', { problem: what });
}
