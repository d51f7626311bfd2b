import { z } from 'zod';

/**
 * An OCI content digest, `sha256:` and 64 lower-case hex digits. Other algorithms are not used here.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'is not sha256: and 64 hex digits')
  .brand<'Digest'>();
export type Digest = z.infer<typeof Digest>;

/** The digest that a sha256 in hex stands for. Throws a ZodError where it is not 64 hex digits. */
export function digestFromHex(hex: string): Digest {
  return Digest.parse(`sha256:${hex}`);
}

/**
 * A Taskcluster task id: 22 URL-safe base64 characters. Which kind of UUID they encode is the queue's affair: it knows
 * its tasks.
 * @see https://github.com/taskcluster/slugid
 */
export const TaskId = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$/,
    'is not a task id',
  )
  .brand<'TaskId'>();
export type TaskId = z.infer<typeof TaskId>;

/** A full commit hash of git or Mercurial: 40 lower-case hex digits. */
export const Revision = z
  .string()
  .regex(/^[0-9a-f]{40}$/, 'is not a full commit hash (40 hex digits)')
  .brand<'Revision'>();
export type Revision = z.infer<typeof Revision>;

/**
 * The part of a reference before the tag, without a registry's host: `mozillareleases/decision`.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
export const RepositoryName = z
  .string()
  .max(255)
  .regex(
    /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/,
    'is not a repository name (lower-case letters, digits, and . _ - / between them)',
  );

/** A tag: up to 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`. */
export const Tag = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/,
    'is not a tag (letters, digits, _ . - ; 128 at most)',
  );

/** `name:tag@sha256:digest`: what a pin in a source tree says. */
export interface Reference {
  readonly name: string;
  readonly tag: string;
  readonly digest: Digest;
}

/** `name:tag@sha256:…`, the form that is pinned. The inverse of {@link parseReference}. */
export function formatReference({ name, tag, digest }: Reference): string {
  return `${name}:${tag}@${digest}`;
}

/** The reference that `text` spells, or `undefined` where it is not exactly `name:tag@sha256:digest`. */
export function parseReference(text: string): Reference | undefined {
  const match = /^([^:@]+):([^:@]+)@(sha256:[^:@]+)$/.exec(text);
  if (!match) return undefined;
  const name = RepositoryName.safeParse(match[1]);
  const tag = Tag.safeParse(match[2]);
  const digest = Digest.safeParse(match[3]);
  if (!name.success || !tag.success || !digest.success) return undefined;
  return { name: name.data, tag: tag.data, digest: digest.data };
}
