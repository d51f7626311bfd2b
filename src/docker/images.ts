import type Docker from 'dockerode';
import { z } from 'zod';
import type { Digest } from '../domain/reference.ts';
import { factsOf, isMissing } from './connection.ts';

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
  abortSignal: AbortSignal,
): Promise<Before> {
  const name = `${ours.repository}:${ours.tag}`;
  const found = await inspect(docker, name, abortSignal).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return { ...ours, tagged: found?.Id };
}

const image = z.object({
  Id: z.string(),
  RepoTags: z.array(z.string()).nullish(),
  Config: z.object({ Volumes: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/** What the engine knows of an image. Throws what dockerode throws. */
export async function inspect(
  docker: Docker,
  name: string,
  abortSignal: AbortSignal,
): Promise<z.infer<typeof image>> {
  return factsOf(docker, { path: `/images/${name}/json`, answer: image }, abortSignal);
}

/**
 * Puts the engine back to what it was: our tag goes, and our image where nobody tagged it. Does what can be done within
 * `time` milliseconds in all, and never throws: an engine that does not answer any more can't be tidied, and why it does
 * not was said before.
 */
export async function tidy(docker: Docker, before: Before, time: number): Promise<void> {
  await putBack(docker, before, AbortSignal.timeout(time)).catch(() => undefined);
}

async function putBack(docker: Docker, before: Before, abortSignal: AbortSignal): Promise<void> {
  const { repository, tag, imageId, tagged } = before;
  const ours = docker.getImage(`${repository}:${tag}`);
  if (tagged === undefined) {
    await ours.remove({ abortSignal }).catch(() => undefined);
  } else if (tagged !== imageId) {
    const theirs = docker.getImage(tagged);
    await theirs.tag({ repo: repository, tag, abortSignal }).catch(() => undefined);
  }
  // By its id an image goes with its one tag, even where that is somebody else's by now.
  const { RepoTags: tags } = await inspect(docker, imageId, abortSignal);
  if (!tags?.length) await docker.getImage(imageId).remove({ abortSignal });
}
