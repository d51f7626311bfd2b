import type { Dispatcher } from 'undici';
import { fail } from '../domain/errors.ts';
import { ForbiddenAddress } from '../net/addresses.ts';
import { failUnadmitted, isMalformed, readApiError } from './api-error.ts';
import {
  brokenConnection,
  busy,
  isAgain,
  readBody,
  type Again,
  type Asking,
  type Http,
} from './http.ts';
import { readJson } from '../net/json.ts';
import type { ArtifactName, Metadata } from './metadata.ts';

export type Storage = 's3' | 'object';

/** Redirects from the queue's answer to the bytes. */
const redirectLimit = 5;

/** Where artifacts come from. */
export interface Source {
  readonly http: Http;
  readonly metadata: Metadata;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number;
}

/**
 * Asks the queue for the artifact and follows its redirects by hand: every address is vetted, nothing but `range` is
 * sent along. Gives a 200, 206 or 416, or what may work the next time; `undefined` where there is no such artifact.
 * Throws `artifact-storage`, `artifact-host` and `taskcluster-nonsense`.
 */
export async function requestArtifact(
  { http, metadata }: Source,
  artifact: ArtifactName,
  asking: Asking,
): Promise<Dispatcher.ResponseData | Again | undefined> {
  const from = new URL(metadata.artifactUrl(artifact));
  let response = await http.api(from.href, { signal: asking.signal });
  if (isRedirect(response)) await checkStorage(artifact, response);
  else if (response.statusCode === 200) unexpected(artifact, response, 'it is no redirect');
  let url = from;
  for (let redirects = 1; isRedirect(response); redirects += 1) {
    if (!response.body.destroyed && !response.body.readableEnded) {
      await response.body.dump({ limit: 64 * 1024, signal: asking.signal });
    }
    if (redirects > redirectLimit) {
      unexpected(artifact, response, `it redirects more than ${redirectLimit} times`);
    }
    url = locationOf(artifact, response, url);
    const next = await follow(http, { artifact, url }, asking);
    if (isAgain(next)) return next;
    response = next;
  }
  if ([200, 206, 416].includes(response.statusCode)) return response;
  return url === from
    ? refusedByQueue({ metadata }, artifact, response)
    : refusedByStorage(artifact, response, { host: url.host, signal: asking.signal });
}

function isRedirect({ statusCode }: Dispatcher.ResponseData): boolean {
  return [301, 302, 303, 307, 308].includes(statusCode);
}

/** The header says it, and so does the answer's body; some queues leave out the one. Neither is a refusal. */
async function checkStorage(
  { taskId, name }: ArtifactName,
  response: Dispatcher.ResponseData,
): Promise<void> {
  const header = response.headers['x-taskcluster-artifact-storage-type'];
  const storage = header ?? (await storageInBody(response));
  if (storage === 's3' || storage === 'object') return;
  response.body.destroy();
  fail('artifact-storage', { artifact: name, task: taskId, storage: String(storage).slice(0, 40) });
}

async function storageInBody({ body }: Dispatcher.ResponseData): Promise<unknown> {
  const bytes = await readBody(body, 64 * 1024);
  const json = bytes && readJson(bytes);
  if (!json || 'problem' in json || typeof json.value !== 'object') return 'unknown';
  return (json.value as { storageType?: unknown } | null)?.storageType ?? 'unknown';
}

function locationOf(artifact: ArtifactName, response: Dispatcher.ResponseData, base: URL): URL {
  const { location } = response.headers;
  if (typeof location === 'string' && URL.canParse(location, base.href))
    return new URL(location, base);
  return unexpected(artifact, response, 'it redirects to no address');
}

async function follow(
  http: Http,
  { artifact, url }: { readonly artifact: ArtifactName; readonly url: URL },
  asking: Asking,
): Promise<Dispatcher.ResponseData | Again> {
  try {
    return await http.foreign(url, asking);
  } catch (error) {
    if (!(error instanceof ForbiddenAddress)) {
      const { again } = brokenConnection(error, asking.signal);
      return { again: `${again} (the storage at ${url.host})` };
    }
    const { message: problem } = error;
    return fail('artifact-host', { artifact: artifact.name, host: url.host || url.href, problem });
  }
}

async function refusedByQueue(
  { metadata }: Pick<Source, 'metadata'>,
  artifact: ArtifactName,
  response: Dispatcher.ResponseData,
): Promise<Again | undefined> {
  const { statusCode } = response;
  const { name, taskId: task, runId } = artifact;
  const error = await readApiError(response);
  if (statusCode === 404 || isMalformed(statusCode, error)) return undefined;
  if (statusCode === 410) {
    const info =
      runId === undefined ? undefined : await metadata.artifactInfo({ ...artifact, runId });
    const expires = info?.expires ?? 'a day that Taskcluster does not tell';
    return fail('artifact-expired', { artifact: name, task, expires });
  }
  if (statusCode === 424) {
    const problem = [error.code, error.message].filter(Boolean).join(': ') || 'no reason is told';
    return fail('artifact-error', { artifact: name, task, problem: problem.slice(0, 200) });
  }
  failUnadmitted(statusCode, error, `the request for ${name} of ${task}`);
  return busy(response, Date.now()) ?? unexpected(artifact, response, `status ${statusCode}`);
}

async function refusedByStorage(
  artifact: ArtifactName,
  response: Dispatcher.ResponseData,
  { host, signal }: { readonly host: string; readonly signal: AbortSignal },
): Promise<Again | undefined> {
  await response.body.dump({ limit: 64 * 1024, signal });
  const { statusCode } = response;
  if (statusCode === 404 || statusCode === 410) return undefined;
  // A signed address that has expired answers 403: the queue gives a new one.
  const again = statusCode === 403 ? { again: 'status 403' } : busy(response, Date.now());
  if (again) return { ...again, again: `${again.again} (the storage at ${host})` };
  return unexpected(artifact, response, `status ${statusCode} (the storage at ${host})`);
}

/** Gives up on an answer that nobody would send. */
export function unexpected(
  { name, taskId }: ArtifactName,
  { body }: Dispatcher.ResponseData,
  problem: string,
): never {
  body.destroy();
  return fail('taskcluster-nonsense', { what: `the request for ${name} of ${taskId}`, problem });
}
