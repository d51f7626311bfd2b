import { afterAll, afterEach, beforeAll } from 'vitest';
import { publishBuild, type PublishedBuild, type Twists } from '../../../local/builds.ts';
import { startTaskcluster, type LocalTaskcluster } from '../../../local/taskcluster.ts';
import { buildPolicyOf } from '../build-policy-of.ts';
import { explain, isRefusal, PromotionError, type Refusal } from '../../../src/domain/errors.ts';
import type { Image } from '../../../src/domain/image.ts';
import type { TrustedBuild } from '../../../src/domain/plan.ts';
import type { Artifact, Builds, Bytes } from '../../../src/ports.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import { createBuilds, type BuildsOptions } from '../../../src/taskcluster/builds.ts';

export const revision = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';

/** `build-decision`, as the committed configuration has it. */
export const image: Image = {
  name: 'build-decision',
  build: buildPolicyOf(
    { name: 'build-decision', trustDomain: 'releng', workerPool: 'releng-3/linux-docker' },
    { project: 'fxci-config', repository: 'https://github.com/mozilla-releng/fxci-config' },
  ),
  publish: 'mozillareleases/build-decision',
  formerly: [],
  tag: { from: 'revision' },
  pins: [],
  message: 'chore: update build-decision image in templates',
};

/** The same where nobody planned its builds: what the image's own documents say must do. */
export const unbound: Image = { ...image, build: { ...image.build, decision: 'none' } };

/** Ten mebibytes and a bit, so that there are two checkpoints and a rest; no two blocks are alike. */
export const archive = someBytes(10 * 1024 * 1024 + 4321);

export function someBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 42;
  for (let at = 0; at < size; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

export const downloadLimits = { artifact: 64 * 1024 * 1024, downloadRate: 64 * 1024 };

/** Everything short, so that a fault is over at once. */
export const shortTimeouts = {
  connect: 500,
  idle: 150,
  answer: 8000,
  download: 15_000,
  pause: 2,
  longestPause: 100,
};

/** A Taskcluster for the tests of one file, and the adapter on it. */
export interface Setting {
  readonly taskcluster: LocalTaskcluster;
  readonly builds: (options?: Partial<BuildsOptions>) => Builds;
  readonly publish: (
    twists?: Twists & { readonly archive?: Uint8Array; readonly revision?: string },
  ) => Promise<PublishedBuild>;
}

export function setting(): () => Setting {
  let taskcluster: LocalTaskcluster;
  beforeAll(async () => {
    taskcluster = await startTaskcluster();
  });
  afterEach(() => {
    taskcluster.faults.length = 0;
    taskcluster.requests.length = 0;
  });
  afterAll(() => taskcluster.close());
  return () => ({
    taskcluster,
    builds: (options) =>
      createBuilds({
        rootUrl: taskcluster.rootUrl,
        chainOfTrustKeys: [{ key: taskcluster.key }],
        limits: downloadLimits,
        now: () => new Date(),
        timeouts: shortTimeouts,
        ...options,
      }),
    publish: (twists) => publishBuild(taskcluster, { image, revision, archive, ...twists }),
  });
}

export async function trusted(builds: Builds, { taskId }: PublishedBuild): Promise<TrustedBuild> {
  const build = await builds.verify(image, taskId);
  if (isRefusal(build)) throw new PromotionError(build);
  return build;
}

/** The reason for which something is refused or fails, returned or thrown; `undefined` where it works out. */
export async function reasonOf(work: Promise<unknown>): Promise<Reason | undefined> {
  try {
    const outcome = await work;
    return isRefusal(outcome) ? told(outcome) : undefined;
  } catch (error) {
    if (error instanceof PromotionError) return told(error.refusal);
    throw error;
  }
}

/** What, why, what next, in one paragraph of whole sentences: whatever is refused is told so. */
function told(refusal: Refusal): Reason {
  const paragraph = explain(refusal);
  const isWhole = /^[^\n]{10,500}\. [A-Z][^\n]*\.$/.test(paragraph);
  if (!isWhole || /\{\w+\}|undefined|\[object/.test(paragraph)) {
    throw new Error(`Nobody would understand: ${paragraph}`);
  }
  return refusal.reason;
}

async function collect(bytes: Bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Opens the artifact and reads it to its end. */
export async function download(
  builds: Builds,
  build: TrustedBuild,
  options: Partial<Parameters<Builds['open']>[1]> = {},
): Promise<{ readonly artifact: Artifact; readonly bytes: Buffer }> {
  const artifact = await builds.open(build, { signal: new AbortController().signal, ...options });
  return { artifact, bytes: await collect(artifact.bytes) };
}
