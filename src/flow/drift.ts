import { compareVersions, createMeasure } from './drift-distance.ts';
import type { Drift, Newest, TagStanding, DriftedPin } from '../domain/drifted.ts';
import type { Pin, TreeFile } from '../domain/tree.ts';
import { isRefusal, orRefusal, type Refusal } from '../domain/errors.ts';
import { sourceUrl, type Image } from '../domain/image.ts';
import { newestTag } from './newest-tag.ts';
import { isReleasedTag, tagIn } from '../domain/tag.ts';
import { findPins, repinFiles } from '../pins/pins.ts';
import type { Target } from '../domain/plan.ts';
import { chooseTarget, type Planning } from './planning.ts';
import type { PublishedTimes } from '../ports.ts';

type Looking = Pick<Planning, 'image' | 'policy' | 'signal'> & {
  readonly ports: Pick<Planning['ports'], 'builds' | 'registry' | 'trees' | 'published'> & {
    readonly publishedTimes: PublishedTimes;
  };
};

/** Looks at everything at once; whatever can't be seen is said and hides nothing else. Reads only. */
export async function findDrift(looking: Looking): Promise<Drift> {
  const { image, ports } = looking;
  const [newest, tags] = await Promise.all([
    orRefusal(findNewest(looking)),
    orRefusal(ports.registry.tags(image.publish)),
  ]);
  const releases = isRefusal(tags) ? [] : releasesIn(tags, image);
  const build = isRefusal(newest) ? undefined : newest;
  const published = isRefusal(tags)
    ? tags
    : (releases[0] ?? (await newestTag(tags, { image, newest: build, ports })));
  const seen = {
    newest: build,
    tags: isRefusal(tags) ? [] : tags,
    releases,
  };
  const trees = await Promise.all(
    image.pins.map(async (source) => {
      const tree = await orRefusal(ports.trees.read(source, [image.publish, ...image.formerly]));
      const pins = isRefusal(tree) ? tree : await compare(tree.files, seen, looking);
      return { source: sourceUrl(source), pins };
    }),
  );
  return {
    image: image.name,
    newest,
    published,
    byRelease: releases.length > 0 || image.check === 'only',
    trees,
  };
}

/** The tags that releases published, the newest first. */
function releasesIn(tags: readonly string[], image: Image): readonly string[] {
  return tags.filter((tag) => isReleasedTag(image, tag)).toSorted((a, b) => compareVersions(b, a));
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
  return { build, target, tagNow: await orRefusal(standingOf(target, looking)) };
}

async function standingOf(target: Target, { ports }: Looking): Promise<TagStanding> {
  const now = await ports.registry.look(target);
  if (now.state !== 'holds') return now;
  const { digest } = now;
  return { state: (await ports.published(target, digest)) ? 'published' : 'not-ours', digest };
}

interface Seen {
  readonly newest: Newest | undefined;
  readonly tags: readonly string[];
  /** Of the tags those that releases published, the newest first. */
  readonly releases: readonly string[];
}

async function compare(
  files: readonly TreeFile[],
  seen: Seen,
  looking: Looking,
): Promise<readonly DriftedPin[]> {
  const { pins, moving } = findPins(files, looking.image);
  const compared =
    seen.releases.length > 0
      ? pins.map((pin) => compareToReleases(pin, seen.releases))
      : await compareToBuild(files, seen, looking);
  const apart = moving.map(({ path, line, name }): DriftedPin => {
    return { path, line, from: name, standing: 'moving' };
  });
  return [...compared, ...apart];
}

/** A pin that says no release's tag is behind them all, but nobody can count by how much. */
function compareToReleases(pin: Pin, releases: readonly string[]): DriftedPin {
  const at = releases.indexOf(tagIn(pin.from) ?? '');
  if (at === 0) return { ...pin, standing: 'newest' };
  return { ...pin, standing: 'behind', by: at < 0 ? undefined : { versions: at } };
}

/** What the newest build’s patch would move is behind; before that build is published, every pin is. */
async function compareToBuild(
  files: readonly TreeFile[],
  { newest, tags }: Seen,
  { image, ports }: Looking,
): Promise<readonly DriftedPin[]> {
  const { tagNow, target } = newest ?? {};
  const state = tagNow && !isRefusal(tagNow) ? tagNow.state : 'unseen';
  // By a digest that is not ours no pin is judged: whoever put it there would be the judge.
  if (!newest || !target || state === 'unseen' || state === 'not-ours') {
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
