import { compareVersions, createMeasure, type Distance } from './drift-distance.ts';
import { isRefusal, orRefusal, type Refusal } from './errors.ts';
import { sourceUrl, type Image } from './image.ts';
import { tagOwner } from './pins/tag.ts';
import { findPins, repinFiles, type Pin } from './pins.ts';
import type { TagState, Target, TrustedBuild } from './plan.ts';
import { chooseTarget, type Planning } from './planning.ts';
import type { TreeFile } from './ports.ts';

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
  readonly tagNow: TagState | Refusal;
}

export interface TreeDrift {
  readonly source: string;
  readonly pins: readonly DriftedPin[] | Refusal;
}

export type DriftedPin = Pin &
  (
    | { readonly standing: 'newest' }
    | { readonly standing: 'behind'; readonly by: Distance | undefined }
    /** There is nothing to compare it with. */
    | { readonly standing: 'unknown' }
  );

type Looking = Pick<Planning, 'image' | 'ports' | 'policy' | 'signal'>;

/** Looks at everything at once; whatever can't be seen is said and hides nothing else. Reads only. */
export async function findDrift(looking: Looking): Promise<Drift> {
  const { image, ports } = looking;
  const [newest, tags] = await Promise.all([
    orRefusal(findNewest(looking)),
    orRefusal(ports.registry.tags(image.publish)),
  ]);
  const published = isRefusal(tags) ? tags : newestTag(image, tags, newest);
  const seen = {
    newest: isRefusal(newest) ? undefined : newest,
    tags: isRefusal(tags) ? [] : tags,
  };
  const trees = await Promise.all(
    image.pins.map(async (source) => {
      const tree = await orRefusal(ports.trees.read(source, [image.publish, ...image.formerly]));
      const pins = isRefusal(tree) ? tree : await compare(tree.files, seen, looking);
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
  return { build, target, tagNow: await orRefusal(ports.registry.look(target)) };
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
  return own.toSorted((a, b) => compareVersions(b, a))[0];
}

/** What the newest build’s patch would move is behind; before that build is published, every pin is. */
async function compare(
  files: readonly TreeFile[],
  seen: { readonly newest: Newest | undefined; readonly tags: readonly string[] },
  { image, ports }: Looking,
): Promise<readonly DriftedPin[]> {
  const { newest, tags } = seen;
  const { tagNow, target } = newest ?? {};
  const state = tagNow && !isRefusal(tagNow) ? tagNow.state : 'unseen';
  if (!newest || !target || state === 'unseen') {
    const { pins } = findPins(files, image, target);
    return pins.map((pin) => ({ ...pin, standing: 'unknown' }));
  }
  const { pins, settled } =
    tagNow && 'digest' in tagNow
      ? repinFiles(files, image, {
          reference: { ...target, digest: tagNow.digest },
          mercurialChanged: false,
        })
      : { ...findPins(files, image, target), settled: [] };
  const measure = createMeasure({ image, builds: ports.builds, tags, newest });
  const behind = await Promise.all(
    pins.map(async ({ path, line, from }): Promise<DriftedPin> => {
      return { path, line, from, standing: 'behind', by: await measure(from) };
    }),
  );
  return [...behind, ...settled.map((pin) => ({ ...pin, standing: 'newest' as const }))];
}
