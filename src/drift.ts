import { isRefusal, PromotionError, type Refusal } from './errors.ts';
import { sourceUrl, type Image } from './image.ts';
import { tagOwner } from './pins/tag.ts';
import { findPins, type Pin } from './pins.ts';
import type { TagState, Target, TrustedBuild } from './plan.ts';
import { chooseTarget, type Planning } from './planning.ts';
import { formatReference, parseReference } from './reference.ts';

/** One image's newest trusted build, what is published, and what is pinned: side by side. */
export interface Drift {
  readonly image: string;
  readonly newest: Newest | Refusal;
  /** The newest published tag, where the registry shows it. */
  readonly published: string | Refusal | undefined;
  readonly trees: readonly TreeDrift[];
}

export interface Newest {
  readonly build: TrustedBuild;
  readonly target: Target;
  readonly tagNow: TagState;
}

export interface TreeDrift {
  readonly source: string;
  readonly pins: readonly (Pin & { readonly isBehind: boolean })[] | Refusal;
}

type Looking = Pick<Planning, 'image' | 'ports' | 'policy' | 'signal'>;

/** Looks at everything at once; whatever can't be seen is said and hides nothing else. Reads only. */
export async function findDrift(looking: Looking): Promise<Drift> {
  const { image, ports } = looking;
  const [newest, tags] = await Promise.all([
    orRefusal(findNewest(looking)),
    orRefusal(ports.registry.tags(image.publish)),
  ]);
  const published = isRefusal(tags) ? tags : newestTag(image, tags, newest);
  const wanted = isRefusal(newest) ? undefined : newest;
  const trees = await Promise.all(
    image.pins.map(async (source) => {
      const tree = await orRefusal(ports.trees.read(source, [image.publish, ...image.formerly]));
      const pins = isRefusal(tree) ? tree : compare(findPins(tree.files, image).pins, wanted);
      return { source: sourceUrl(source), pins };
    }),
  );
  return { image: image.name, newest, published, trees };
}

async function findNewest(looking: Looking): Promise<Newest | Refusal> {
  const { image, ports } = looking;
  const taskId = await ports.builds.find(image, { by: 'latest' });
  if (isRefusal(taskId)) return taskId;
  const build = await ports.builds.verify(image, taskId);
  if (isRefusal(build)) return build;
  const ask = { image: image.name, build: { by: 'latest' } } as const;
  const target = await chooseTarget(ask, build, looking);
  if (isRefusal(target)) return target;
  return { build, target, tagNow: await ports.registry.look(target) };
}

/**
 * A registry tells no order. The newest build's own tag is the newest where it is there; of versions the highest is;
 * otherwise the order in which the registry lists them has to do.
 */
function newestTag(
  image: Image,
  tags: readonly string[],
  newest: Newest | Refusal,
): string | undefined {
  const own = tags.filter((tag) => tagOwner(image, image.publish, tag) === 'own');
  if (!isRefusal(newest) && own.includes(newest.target.tag)) return newest.target.tag;
  if (image.tag.from !== 'version-file') return own[0];
  return own.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0];
}

function compare(
  pins: readonly Pin[],
  newest: Newest | undefined,
): readonly (Pin & { isBehind: boolean })[] {
  const { tagNow, target } = newest ?? {};
  const wanted =
    tagNow?.state === 'holds' && target
      ? formatReference({ ...target, digest: tagNow.digest })
      : undefined;
  return pins.map((pin) => ({
    ...pin,
    isBehind: wanted === undefined || !saysTheSame(pin.from, wanted),
  }));
}

/** Whether a pin, of whatever form, names the wanted reference. */
function saysTheSame(from: string, wanted: string): boolean {
  const whole = parseReference(from);
  return whole ? formatReference(whole) === wanted : wanted.endsWith(from);
}

async function orRefusal<T>(work: Promise<T>): Promise<T | Refusal> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof PromotionError) return error.refusal;
    throw error;
  }
}
