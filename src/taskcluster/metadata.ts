import { clients } from 'taskcluster-client';
import { z } from 'zod';
import { fail } from '../domain/errors.ts';
import { TaskId } from '../domain/reference.ts';
import { failUnadmitted, isMalformed, readApiError } from './api-error.ts';
import type { TaskclusterCredentials } from './credentials.ts';
import { busy, readBody, repeat, withinTime, type Again, type Http } from './http.ts';
import { readJson } from '../net/json.ts';
import { ArtifactInfo, firstProblem, Status } from './task.ts';

/** No answer about a task is larger. */
const sizeLimit = 4 * 1024 * 1024;

/** One artifact of one run; without a run, of the task's latest. */
export interface ArtifactName {
  readonly taskId: TaskId;
  readonly runId?: number | undefined;
  readonly name: string;
}

/** What Taskcluster says about tasks. `undefined` where it knows no such thing. */
export interface Metadata {
  findTask(route: string): Promise<TaskId | undefined>;
  /** The tasks right below a namespace of the index, in no order; a thousand at most. */
  tasksBelow(namespace: string): Promise<readonly TaskId[]>;
  status(taskId: TaskId): Promise<Status | undefined>;
  /** The definition as it came: an object, nothing more is known of it. */
  definition(taskId: TaskId): Promise<Readonly<Record<string, unknown>> | undefined>;
  artifactInfo(
    artifact: ArtifactName & { readonly runId: number },
  ): Promise<ArtifactInfo | undefined>;
  /** Where the queue hands the artifact out; only for the queue itself. */
  artifactUrl(artifact: ArtifactName): string;
}

/** Which Taskcluster is asked, and by whom. */
export interface Taskcluster {
  readonly rootUrl: string;
  readonly credentials?: TaskclusterCredentials | undefined;
}

/**
 * Reads metadata. `taskcluster-client` knows the addresses; the transfer is ours, because the client reads an answer of
 * any size, unpacks any gzip, takes the last of two equal keys, and its repetitions come within milliseconds. With
 * credentials each address is signed, for itself and for a quarter of an hour: no header has them, so that none is left
 * to go along where a redirect leads.
 * Throws `taskcluster-unreachable`, `taskcluster-nonsense`, `taskcluster-credentials` and `missing-scope`.
 */
export function createMetadata({ rootUrl, credentials }: Taskcluster, http: Http): Metadata {
  const options = { rootUrl, retries: 0, credentials: revealed(credentials) };
  const queue = new clients.Queue(options);
  const index = new clients.Index(options);
  const build = credentials ? 'buildSignedUrl' : 'buildUrl';
  return {
    async findTask(route) {
      const url = () => index[build](index.findTask, route);
      const what = `the request for the index’s ${route}`;
      return (await ask(http, { what, url }, FoundTask))?.taskId;
    },
    async tasksBelow(namespace) {
      const url = () => index[build](index.listTasks, namespace);
      const what = `the request for the index’s tasks below ${namespace}`;
      const list = await ask(http, { what, url }, IndexedTasks);
      return (list?.tasks ?? []).map(({ taskId }) => taskId);
    },
    async status(taskId) {
      const url = () => queue[build](queue.status, taskId);
      const what = `the request for the status of ${taskId}`;
      return (await ask(http, { what, url }, StatusAnswer))?.status;
    },
    definition(taskId) {
      const url = () => queue[build](queue.task, taskId);
      return ask(http, { what: `the request for the definition of ${taskId}`, url }, AnyObject);
    },
    async artifactInfo({ taskId, runId, name }) {
      const what = `the request for ${name} of ${taskId}`;
      const url = () => queue[build](queue.artifactInfo, taskId, runId, name);
      const info = await ask(http, { what, url }, ArtifactInfo);
      if (info) return info;
      // A queue that does not tell of one artifact tells of all.
      const all = () => queue[build](queue.listArtifacts, taskId, runId);
      const list = await ask(http, { what, url: all }, ArtifactList);
      return list?.artifacts.find((artifact) => artifact.name === name);
    },
    artifactUrl: ({ taskId, runId, name }) =>
      runId === undefined
        ? queue[build](queue.getLatestArtifact, taskId, name)
        : queue[build](queue.getArtifact, taskId, runId, name),
  };
}

function revealed(credentials: TaskclusterCredentials | undefined) {
  if (!credentials) return {};
  const { clientId, accessToken, certificate } = credentials;
  return { clientId, accessToken: accessToken.reveal(), certificate: certificate?.reveal() };
}

const FoundTask = z.object({ taskId: TaskId });
const IndexedTasks = z.object({ tasks: z.array(FoundTask) });
const StatusAnswer = z.object({ status: Status });
const ArtifactList = z.object({ artifacts: z.array(ArtifactInfo) });
const AnyObject = z.record(z.string(), z.unknown());

interface Question {
  /** After “Taskcluster did not answer …”. */
  readonly what: string;
  /** Made anew for each try. */
  readonly url: () => string;
}

async function ask<T>(http: Http, question: Question, shape: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await withinTime(http, question.what, (signal) =>
    repeat(http, { what: question.what, signal }, () => askOnce(http, question, signal)),
  );
  if (!bytes) return undefined;
  const json = readJson(bytes);
  if ('problem' in json) return nonsense(question, json.problem);
  const parsed = shape.safeParse(json.value);
  return parsed.success ? parsed.data : nonsense(question, firstProblem(parsed.error));
}

async function askOnce(
  http: Http,
  question: Question,
  signal: AbortSignal,
): Promise<Uint8Array | Again | undefined> {
  const response = await http.api(question.url(), { signal });
  const { statusCode, headers, body } = response;
  if (statusCode === 200) {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') body.destroy();
    if (encoding !== 'identity') return nonsense(question, `content-encoding ${String(encoding)}`);
    return (await readBody(body, sizeLimit)) ?? nonsense(question, 'it is larger than 4 MiB');
  }
  const error = await readApiError(response);
  if (statusCode === 404 || isMalformed(statusCode, error)) return undefined;
  failUnadmitted(statusCode, error, question.what);
  return busy(response, Date.now()) ?? nonsense(question, `status ${statusCode}`);
}

function nonsense({ what }: Question, problem: string): never {
  return fail('taskcluster-nonsense', { what, problem });
}
