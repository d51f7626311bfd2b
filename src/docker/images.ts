import type Docker from 'dockerode';
import type { Digest } from '../reference.ts';
import { isMissing } from './connection.ts';

/** What the engine had before we came, as far as we are going to touch it. */
export interface Before {
  /** As the engine names it. */
  readonly repository: string;
  readonly tag: string;
  readonly imageId: Digest;
  /** The image that `repository:tag` stood for. */
  readonly tagged: string | undefined;
}

/** What the engine has now. Throws what dockerode throws. */
export async function stateBefore(
  docker: Docker,
  ours: Pick<Before, 'repository' | 'tag' | 'imageId'>,
): Promise<Before> {
  return { ...ours, tagged: await imageAt(docker, `${ours.repository}:${ours.tag}`) };
}

/** The id of the image that a name or id stands for in the engine. */
async function imageAt(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Id;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Puts the engine back to what it was: our tag goes, and our image where nobody tagged it. Does what can be done and
 * never throws.
 */
export async function tidy(docker: Docker, before: Before): Promise<void> {
  const { repository, tag, imageId, tagged } = before;
  const name = `${repository}:${tag}`;
  const abortSignal = AbortSignal.timeout(60_000);
  const quietly = async (work: () => Promise<unknown>) => {
    // An engine that does not answer any more can't be tidied; why it does not was said before.
    await work().catch(() => undefined);
  };
  if (tagged === undefined) {
    await quietly(() => docker.getImage(name).remove({ abortSignal }));
  } else if (tagged !== imageId) {
    await quietly(() => docker.getImage(tagged).tag({ repo: repository, tag, abortSignal }));
  }
  await quietly(() => removeUntagged(docker, imageId, abortSignal));
}

/** By its id an image goes with its one tag, even where that is somebody else's by now. */
async function removeUntagged(docker: Docker, id: string, abortSignal: AbortSignal): Promise<void> {
  const image = docker.getImage(id);
  const { RepoTags: tags } = await image.inspect();
  if (!tags?.length) await image.remove({ abortSignal });
}
