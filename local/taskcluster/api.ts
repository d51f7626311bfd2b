import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerWith } from './storage.ts';
import { sizeOf, takeFault, type StoredArtifact, type StoredTask, type World } from './world.ts';

/** The queue and the index, as far as a reader without credentials sees them. */
export interface Api {
  readonly world: World;
  /** Origin of the storage. */
  readonly storage: string;
}

type Answer =
  | { readonly status: number; readonly json: unknown; readonly headers?: Record<string, string> }
  | undefined;

/** Answers one request of `/api/queue/v1/…`, `/api/index/v1/…`, or of the page of a task. */
export function serveApi(api: Api, request: IncomingMessage, response: ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://api');
  const [, page] = /^\/tasks\/([^/]+)/.exec(pathname) ?? [];
  if (page) {
    response.writeHead(302, { location: `/api/queue/v1/task/${page}` }).end();
    return;
  }
  const [, service, rest = ''] = /^\/api\/(queue|index)\/v1(\/.*)$/.exec(pathname) ?? [];
  if (service !== 'queue' && service !== 'index') {
    response.writeHead(404).end();
    return;
  }
  const path = decodeURIComponent(rest);
  api.world.requests.push({ at: service, path, headers: request.headers });
  const fault = takeFault(api.world, service, path);
  if (fault && answerWith(fault, request, response)) return;
  const answer =
    (service === 'queue' ? askQueue(api, path) : askIndex(api, path)) ?? notFound(path);
  const body = JSON.stringify(answer.json, undefined, 2);
  const type = { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(answer.status, { ...type, ...answer.headers });
  if (fault?.fault !== 'cut') return void response.end(body);
  response.flushHeaders();
  response.write(body.slice(0, fault.after), () => response.socket?.destroySoon());
}

function notFound(path: string): NonNullable<Answer> {
  return problem(404, 'ResourceNotFound', `Nothing at ${path}`);
}

function problem(status: number, code: string, message: string): NonNullable<Answer> {
  return { status, json: { code, message, requestInfo: { time: new Date().toISOString() } } };
}

function askIndex({ world, storage }: Api, path: string): Answer {
  const [, namespace] = /^\/tasks\/([^/]+)$/.exec(path) ?? [];
  if (namespace) return listIndexed(world, namespace);
  const [, route = '', name] = /^\/task\/([^/]+)(?:\/artifacts\/(.+))?$/.exec(path) ?? [];
  const taskId = world.index.get(route);
  const task = world.tasks.get(taskId ?? '');
  if (!taskId || !task) return undefined;
  if (name) return askArtifact({ world, storage }, { taskId, task, kind: 'artifacts', name });
  const { expires } = task.definition as { expires?: string };
  return { status: 200, json: { namespace: route, taskId, rank: 0, data: {}, expires } };
}

function listIndexed({ tasks, index }: World, namespace: string): Answer {
  const below = [...index].filter(
    ([route]) => route.slice(0, route.lastIndexOf('.')) === namespace,
  );
  const json = below.map(([route, taskId]) => {
    const { expires } = (tasks.get(taskId)?.definition ?? {}) as { expires?: string };
    return { namespace: route, taskId, rank: 0, data: {}, expires };
  });
  return { status: 200, json: { tasks: json } };
}

function askQueue(api: Api, path: string): Answer {
  const [, taskId = '', rest = ''] = /^\/task\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  const task = api.world.tasks.get(taskId);
  if (!task) return undefined;
  if (rest === '') return { status: 200, json: task.definition };
  if (rest === '/status') return { status: 200, json: { status: task.status } };
  const [, run, list] = /^(?:\/runs\/(\d+))?\/(artifacts)$/.exec(rest) ?? [];
  if (list) return listArtifacts(task, run);
  const [, runId, kind, name] =
    /^(?:\/runs\/(\d+))?\/(artifacts|artifact-info|artifact-content)\/(.+)$/.exec(rest) ?? [];
  if (!kind || !name) return undefined;
  return askArtifact(api, { taskId, task, kind, name, runId });
}

function latest(task: StoredTask): number {
  return task.status.runs.at(-1)?.runId ?? -1;
}

function listArtifacts(task: StoredTask, run: string | undefined): Answer {
  const artifacts = task.artifacts.get(run === undefined ? latest(task) : Number(run));
  return artifacts && { status: 200, json: { artifacts: [...artifacts.values()].map(infoOf) } };
}

function infoOf(artifact: StoredArtifact): object {
  const { storageType, name, expires, contentType } = artifact;
  const contentLength = 'content' in artifact ? sizeOf(artifact.content) : null;
  return { storageType, name, expires, contentType, contentLength };
}

interface ArtifactAsk {
  readonly taskId: string;
  readonly task: StoredTask;
  readonly kind: string;
  readonly name: string;
  readonly runId?: string | undefined;
}

function askArtifact(api: Api, { taskId, task, kind, name, runId }: ArtifactAsk): Answer {
  const run = runId === undefined ? latest(task) : Number(runId);
  const artifact = task.artifacts.get(run)?.get(name);
  if (!artifact) return problem(404, 'ResourceNotFound', 'Artifact not found');
  if (kind === 'artifact-info') return { status: 200, json: infoOf(artifact) };
  // The queue follows links itself, so that the answer is that of the artifact they lead to.
  const final =
    artifact.storageType === 'link' ? task.artifacts.get(run)?.get(artifact.target) : artifact;
  if (!final) return problem(404, 'ResourceNotFound', 'Artifact not found');
  if (new Date(final.expires) <= new Date())
    return problem(410, 'ResourceExpired', 'Artifact has expired');
  return contentAnswer(api, kind, { final, address: `${taskId}/${run}/${final.name}` });
}

function contentAnswer(
  { storage }: Api,
  kind: string,
  { final, address }: { readonly final: StoredArtifact; readonly address: string },
): Answer {
  const { storageType } = final;
  if (storageType === 'error') {
    const { reason, message } = final;
    if (kind === 'artifact-content') return { status: 200, json: { storageType, reason, message } };
    return { status: 424, json: { reason, message } };
  }
  const signed = `${storage}/${encodeURI(address)}?signature=${crypto.randomUUID()}`;
  const url = 'url' in final ? final.url : signed;
  if (kind === 'artifact-content') return { status: 200, json: { storageType, url } };
  const headers = { location: url, 'x-taskcluster-artifact-storage-type': String(storageType) };
  return { status: 303, json: { storageType, url }, headers };
}
