import type { Distance } from '../domain/drifted.ts';
import { isRefusal, orRefusal } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { tagIn, tagOwner } from '../domain/tag.ts';
import type { Target, TrustedBuild } from '../domain/plan.ts';
import type { Builds } from '../ports.ts';
import { Revision } from '../domain/reference.ts';

export interface Measuring {
  readonly image: Image;
  readonly builds: Builds;
  /** Tags of the repository, where it shows them. */
  readonly tags: readonly string[];
  readonly newest: { readonly build: TrustedBuild; readonly target: Target };
}

/**
 * Measures from what a pin says, where its tag tells: a version among the published ones, or a commit whose build is
 * still there. `undefined` for a tag that is a hash of inputs, and for a pin without a tag.
 */
export function createMeasure(
  measuring: Measuring,
): (pin: string) => Promise<Distance | undefined> {
  // Pins mostly say the same.
  const known = new Map<string, Promise<Distance | undefined>>();
  return (pin) => {
    const tag = tagIn(pin) ?? pin;
    const distance = known.get(tag) ?? measure(tag, measuring);
    known.set(tag, distance);
    return distance;
  };
}

async function measure(tag: string, measuring: Measuring): Promise<Distance | undefined> {
  const { image, newest, tags } = measuring;
  if (image.tag.from === 'version-file') return countVersions(tag, { image, newest, tags });
  const revision = Revision.safeParse(tag);
  return revision.success ? countDays(revision.data, measuring) : undefined;
}

function countVersions(
  tag: string,
  { image, newest, tags }: Omit<Measuring, 'builds'>,
): Distance | undefined {
  const all = new Set([...tags, newest.target.tag]);
  const own = [...all].filter((one) => /^v?\d/.test(one) && isOwn(image, one));
  const versions = own.filter(
    (one) => compareVersions(one, tag) > 0 && compareVersions(one, newest.target.tag) <= 0,
  ).length;
  return isOwn(image, tag) && versions > 0 ? { versions } : undefined;
}

function isOwn(image: Image, tag: string): boolean {
  return tagOwner(image, image.publish, tag) === 'own';
}

/** `5.10.0` is after `5.9.0`. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

async function countDays(
  revision: Revision,
  { image, builds, newest }: Measuring,
): Promise<Distance | undefined> {
  const taskId = await orRefusal(builds.find(image, { by: 'revision', revision }));
  if (isRefusal(taskId)) return undefined;
  const pinned = await orRefusal(builds.verify(image, taskId));
  if (isRefusal(pinned)) return undefined;
  const ms = Date.parse(newest.build.builtAt) - Date.parse(pinned.builtAt);
  return { days: Math.max(0, Math.round(ms / (24 * 60 * 60 * 1000))) };
}
