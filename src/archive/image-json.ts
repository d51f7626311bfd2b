import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import { Digest } from '../domain/reference.ts';
import { readJson } from '../net/json.ts';

/** A layer that is to be fetched from elsewhere says so by one of these. */
const Descriptor = z.looseObject({
  mediaType: z.string().optional(),
  digest: Digest,
  urls: z.array(z.string()).optional(),
});

/** @see https://github.com/moby/docker-image-spec/blob/main/spec.md#combined-image-json--filesystem-changeset-format */
const Manifest = z
  .array(
    z.strictObject({
      Config: z.string(),
      RepoTags: z.array(z.string()).nullish(),
      Layers: z.array(z.string()).max(1024),
      Parent: z.string().optional(),
      LayerSources: z.record(z.string(), Descriptor).optional(),
    }),
  )
  .max(1, 'it lists more than one image')
  .min(1, 'it lists no image');
export type ArchivedImage = z.infer<typeof Manifest>[number];

const platformWord = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,31}$/, 'is no name of a platform');

/** @see https://github.com/opencontainers/image-spec/blob/main/config.md#properties */
const ImageConfig = z.looseObject({
  architecture: platformWord,
  os: platformWord,
  variant: platformWord.optional(),
  rootfs: z.looseObject({ type: z.literal('layers'), diff_ids: z.array(Digest) }),
});
export type ImageConfig = z.infer<typeof ImageConfig>;

/** @see https://github.com/opencontainers/image-spec/blob/main/image-index.md and manifest.md beside it */
const OciDocument = z.looseObject({
  manifests: z
    .array(
      Descriptor.extend({
        annotations: z.record(z.string(), z.string()).nullish(),
        platform: z.looseObject({ os: z.string() }).nullish(),
      }),
    )
    .max(1024)
    .optional(),
  config: Descriptor.optional(),
  layers: z.array(Descriptor).max(1024).optional(),
});
export type OciDocument = z.infer<typeof OciDocument>;

/** The one image that `manifest.json` lists. Throws `archive-manifest`. */
export function parseManifest(bytes: Uint8Array): ArchivedImage {
  const [image] = parse(Manifest, bytes, (problem) => fail('archive-manifest', { problem }));
  const sources = Object.values(image?.LayerSources ?? {});
  if (!image || sources.some(isForeign)) {
    fail('archive-manifest', { problem: 'it has a layer that is to be fetched from elsewhere' });
  }
  return image;
}

/** What is needed of the image's config. Throws `archive-config`. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  return parse(ImageConfig, bytes, (problem) => fail('archive-config', { problem }));
}

/** An index or manifest of an OCI layout. Throws `archive-manifest`. */
export function parseOci(bytes: Uint8Array): OciDocument {
  const document = parse(OciDocument, bytes, (problem) => {
    fail('archive-manifest', { problem: `in its OCI layout ${problem}` });
  });
  if (document.layers?.some(isForeign)) {
    fail('archive-manifest', { problem: 'it has a layer that is to be fetched from elsewhere' });
  }
  return document;
}

function isForeign({ mediaType = '', urls = [] }: z.infer<typeof Descriptor>): boolean {
  return urls.length > 0 || /foreign|nondistributable/.test(mediaType);
}

function parse<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array,
  refuse: (problem: string) => never,
): z.infer<Schema> {
  const json = readJson(bytes);
  if ('problem' in json) return refuse(json.problem);
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.slice(0, 6).map(String).join('.').slice(0, 60);
  return refuse(path ? `${path}: ${issue?.message}` : (issue?.message ?? 'it is malformed'));
}
