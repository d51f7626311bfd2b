import type { Image } from './image.ts';
import type { Digest } from './reference.ts';

/** What of an image's configuration decides which places of a source tree pin it. */
export type PinImage = Pick<Image, 'publish' | 'formerly' | 'tag' | 'pins'>;

/** What pins are going to say; the digest is known only once the image is published. */
export interface NextReference {
  readonly name: string;
  readonly tag: string;
  readonly digest?: Digest | undefined;
}

/**
 * Whose a tag is, judged by its form. `own`: this image's. `foreign`: another image of the same repository, as
 * `run-task-v1` is beside `decision-v1`. `strange`: nobody else publishes there, but the image is not tagged like that.
 */
export type TagOwner = 'own' | 'foreign' | 'strange';

/** Digits and dots with an optional suffix: `5.1.0`, `v24.1.1`, `4.0.0-rc1`. */
const version = /^v?\d+(?:\.\d+)*(?:[-._]?[A-Za-z][A-Za-z0-9._-]*|[-_]\d[A-Za-z0-9._-]*)?$/;
const revision = /^[0-9a-f]{40}$/;
/** A version after a prefix needs a dot: `decision-2204` may be anybody's. */
const prefixedVersion = /^v?\d+(?:\.\d+)+(?:[-._]?[A-Za-z][A-Za-z0-9._-]*)?$/;
/** 64 digits; real trees hold some that a hand has cut short or made longer. */
const hash = /^[0-9a-f]{56,72}$/;

/**
 * Whose `tag` under `name` is. Where tags have no prefix the repository is the image's alone, so that both versions and
 * commits are its own: an image may have changed its rule. The same holds for older names, of times before the prefix.
 */
export function tagOwner(image: PinImage, name: string, tag: string): TagOwner {
  const plain = tag === 'latest' || version.test(tag) || revision.test(tag);
  if (image.tag.from !== 'index-hash') return plain ? 'own' : 'strange';
  const rest = afterPrefix(image.tag.prefix, tag);
  if (rest === 'latest' || hash.test(rest) || prefixedVersion.test(rest)) return 'own';
  return name !== image.publish && plain ? 'own' : 'foreign';
}

/** Whether a tag of which only the beginning stands there (a variable follows) may be this image's. */
export function mayBeOwn(image: PinImage, beginning: string): boolean {
  if (image.tag.from !== 'index-hash') return true;
  const { prefix } = image.tag;
  if (beginning.length <= prefix.length) return prefix.startsWith(beginning);
  const rest = afterPrefix(prefix, beginning);
  return /^(?:[0-9a-f]+|v[\w.-]*|\d[\w.-]*)$/.test(rest) || 'latest'.startsWith(rest || '-');
}

/** Whether a digest under `name` can only be this image's, though no tag stands beside it. */
export function ownsEveryTag(image: PinImage, name: string): boolean {
  return image.tag.from !== 'index-hash' || name !== image.publish;
}

/**
 * The image as a pin's reader is to see it while it moves pins to `reference`. A tag with a prefix of its own that was
 * given by hand (`decision-mobile-<hash>` for an image of `decision-`) moves the pins with that prefix and no others.
 */
export function imageFor(image: PinImage, reference: NextReference): PinImage {
  if (image.tag.from !== 'index-hash') return image;
  if (tagOwner(image, image.publish, reference.tag) === 'own') return image;
  const [, prefix] =
    /^(.*?[-_.])(?:v?\d+(?:\.\d+)+.*|[0-9a-f]{56,72}|latest)$/.exec(reference.tag) ?? [];
  return prefix ? { ...image, tag: { from: 'index-hash', prefix } } : image;
}

/**
 * Whether releases of the image's repository publish `tag`: `<prefix>v<version>` of an image whose tags else come from
 * its index hash. Such a tag is never ours to set.
 */
export function isReleasedTag({ tag: rule }: Pick<PinImage, 'tag'>, tag: string): boolean {
  return rule.from === 'index-hash' && /^v\d+(?:\.\d+)+$/.test(afterPrefix(rule.prefix, tag));
}

/** The tag that a pin says where releases publish it; `undefined` for every other pin. */
export function releasedTag(image: PinImage, pin: string): string | undefined {
  const tag = tagIn(pin);
  return tag !== undefined && isReleasedTag(image, tag) ? tag : undefined;
}

/** The tag in what a pin says, where one stands there. */
export function tagIn(pin: string): string | undefined {
  return /:([^:@]+)(?:@|$)/.exec(pin)?.[1];
}

/** Whether a tag is one that is moved on by whoever publishes it: `latest`, alone or behind a prefix. */
export function isMovingTag(tag: string): boolean {
  return /^(?:.*[-_.])?latest$/.test(tag);
}

/** Every name that a pin of the image may have, and the one that it is to have. */
export function pinNames(image: PinImage, reference?: NextReference): readonly string[] {
  return [...new Set([image.publish, ...image.formerly, ...(reference ? [reference.name] : [])])];
}

function afterPrefix(prefix: string, tag: string): string {
  return tag.startsWith(prefix) ? tag.slice(prefix.length) : '';
}
