import { isRefusal, orRefusal, PromotionError } from '../domain/errors.ts';
import type { BuildPolicy } from '../domain/image.ts';
import type { TaskId } from '../domain/reference.ts';
import type { Source } from './artifact.ts';
import { readArtifact } from './read-artifact.ts';

const certificate = 'public/chain-of-trust.json';

/** What was tried with a scope, of the build that could be found. */
type Attempt = readonly [scope: string, attempt: () => Promise<unknown>];

/**
 * The newest build of an image, and which of the scopes that a promotion needs are missing: each is tried by reading
 * something that is there. Throws what reading throws for any other cause.
 */
export async function tryRights(
  source: Source,
  { trustDomain, name }: BuildPolicy,
): Promise<{ readonly newest: TaskId | undefined; readonly missing: readonly string[] }> {
  const { metadata } = source;
  const route = `${trustDomain}.cache.level-3.docker-images.v2.${name}.latest`;
  const newest = await orRefusal(metadata.findTask(route));
  if (isRefusal(newest)) {
    if (newest.reason !== 'missing-scope') throw new PromotionError(newest);
    return { newest: undefined, missing: ['index:find-task:*'] };
  }
  if (newest === undefined) return { newest, missing: [] };
  const artifact = { taskId: newest, runId: 0, name: certificate };
  const attempts: readonly Attempt[] = [
    ['queue:status:*', () => metadata.status(newest)],
    ['queue:get-task:*', () => metadata.definition(newest)],
    ['queue:list-artifacts:*', () => metadata.artifactInfo(artifact)],
    ['queue:get-artifact:public/*', () => readArtifact(source, artifact, 4 * 1024 * 1024)],
  ];
  const missing: string[] = [];
  for (const [scope, attempt] of attempts) {
    const answer = await orRefusal(attempt());
    if (!isRefusal(answer)) continue;
    if (answer.reason === 'missing-scope') missing.push(scope);
    else if (!answer.reason.startsWith('artifact-')) throw new PromotionError(answer);
  }
  return { newest, missing };
}
