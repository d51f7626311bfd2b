import { compareVersions } from './drift-distance.ts';
import type { Newest, NewestTag } from '../domain/drifted.ts';
import { isRefusal, orRefusal } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { tagOwner } from '../domain/tag.ts';
import type { Builds, PublishedTimes } from '../ports.ts';
import { Revision } from '../domain/reference.ts';

interface Telling {
  readonly image: Image;
  readonly newest: Newest | undefined;
  readonly ports: { readonly builds: Builds; readonly publishedTimes: PublishedTimes };
}

/** Tags of which nothing but their builds can tell the age: so many are asked for. */
const mostAsked = 20;

/**
 * A registry tells no order, and hashes have none. The newest build's own tag is the newest where it is there; of
 * versions the highest is; of others the one that was published last by our log, and of those that the log does not
 * have, the one whose build is the youngest.
 */
export async function newestTag(tags: readonly string[], telling: Telling): Promise<NewestTag> {
  const { image, newest } = telling;
  const own = tags.filter((tag) => tagOwner(image, image.publish, tag) === 'own');
  if (newest && own.includes(newest.target.tag)) return newest.target.tag;
  if (own.length <= 1) return own[0];
  if (image.tag.from === 'version-file') return own.toSorted((a, b) => compareVersions(b, a))[0];
  const times = await timesOf(own, telling);
  const [last] = [...times].toSorted(([, a], [, b]) => Date.parse(b) - Date.parse(a));
  return last?.[0] ?? { of: own.length };
}

/** When each was published or else built, ISO 8601; those of which neither is known are left out. */
async function timesOf(
  tags: readonly string[],
  { image, ports }: Telling,
): Promise<ReadonlyMap<string, string>> {
  const logged = await ports.publishedTimes(image.publish);
  const times = new Map(
    tags.flatMap((tag) => {
      const at = logged.get(tag);
      return at === undefined ? [] : [[tag, at] as const];
    }),
  );
  const revisions = tags
    .filter((tag) => !times.has(tag))
    .flatMap((tag) => Revision.safeParse(tag).data ?? []);
  for (const revision of revisions.slice(0, mostAsked)) {
    const at = await builtAt(revision, image, ports.builds);
    if (at !== undefined) times.set(revision, at);
  }
  return times;
}

async function builtAt(
  revision: Revision,
  image: Image,
  builds: Builds,
): Promise<string | undefined> {
  const taskId = await orRefusal(builds.find(image, { by: 'revision', revision }));
  if (isRefusal(taskId)) return undefined;
  const build = await orRefusal(builds.verify(image, taskId));
  // A commit whose build was cached says nothing of when its own tag was made.
  return isRefusal(build) || build.revision !== revision ? undefined : build.builtAt;
}
