import type { AllowedKeys } from '../domain/allowed-keys.ts';
import { PromotionError, type Refusal } from '../domain/errors.ts';
import { isLoopback } from '../domain/urls.ts';
import type { Builds } from '../ports.ts';
import type { Source } from './artifact.ts';
import type { ChainOfTrustKey } from './chain-of-trust.ts';
import { openDownload, type DownloadLimits } from './download.ts';
import { findTask } from './find.ts';
import { createHttp, defaultTimeouts, type Timeouts } from './http.ts';
import type { TaskclusterCredentials } from './credentials.ts';
import { createMetadata } from './metadata.ts';
import { verifyBuild } from './verify.ts';

/** What of the policy concerns Taskcluster. */
export interface BuildsOptions {
  /** Where Taskcluster is, without a slash at the end. */
  readonly rootUrl: string;
  readonly credentials?: TaskclusterCredentials | undefined;
  readonly chainOfTrustKeys: readonly ChainOfTrustKey[];
  /** Keys of definitions and certificates that are not looked at. */
  readonly allowedKeys?: AllowedKeys | undefined;
  readonly limits: DownloadLimits;
  readonly now: () => Date;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Milliseconds, by which the rate of a download is measured; the process’s own clock by default. */
  readonly clock?: (() => number) | undefined;
}

/**
 * Builds of a Taskcluster, read as anybody may, or with credentials that go to queue and index only. `find` and `verify` return refusals and throw only where Taskcluster
 * can't be reached or talks nonsense; `open` throws every reason.
 */
export function createBuilds(options: BuildsOptions): Builds {
  const { chainOfTrustKeys: keys, allowedKeys, limits, now } = options;
  const source = sourceOf(options);
  const trust = { keys, allowedKeys, now };
  return {
    find: (image, ask) => refusing(findTask(source, image.build, ask)),
    verify: (image, taskId) => refusing(verifyBuild(source, trust, { build: image.build, taskId })),
    open: (build, open) => openDownload(source, limits, { build, options: open }),
  };
}

/** Where metadata and artifacts are read. Nothing is contacted here. */
export function sourceOf(
  options: Pick<BuildsOptions, 'rootUrl' | 'credentials' | 'timeouts' | 'clock'>,
): Source {
  const reach = { loopback: isLoopback(new URL(options.rootUrl).hostname) };
  const http = createHttp(reach, { ...defaultTimeouts, ...options.timeouts });
  const clock = options.clock ?? (() => performance.now());
  return { http, metadata: createMetadata(options, http), clock };
}

/** An artifact that may not be used is an answer about the build; only Taskcluster itself failing is not. */
async function refusing<T>(answer: Promise<T>): Promise<T | Refusal> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof PromotionError && error.reason.startsWith('artifact-'))
      return error.refusal;
    throw error;
  }
}
