import { z } from 'zod';
import {
  fail,
  isRefusal,
  orRefusal,
  PromotionError,
  refuse,
  type Refusal,
} from '../domain/errors.ts';
import type { BuildPolicy } from '../domain/image.ts';
import type { Reason } from '../domain/reasons.ts';
import { TaskId, type Revision } from '../domain/reference.ts';
import type { BuildAsk } from '../domain/ask.ts';
import type { Source } from './artifact.ts';
import { readArtifact } from './read-artifact.ts';
import { isClaimed, labels } from './definition.ts';
import { readJson } from '../net/json.ts';
import { firstProblem } from './task.ts';

/** Gecko's, the largest known, has some ten thousand labels and is about 1 MiB. */
const labelMapLimit = 4 * 1024 * 1024;
/** An action that failed, whose map has expired, or that was about other tasks, changes nothing. */
const passedOver: ReadonlySet<Reason> = new Set([
  'no-label-map',
  'no-image-task',
  'artifact-expired',
  'artifact-error',
]);
/** A push has a handful of actions. */
const actionLimit = 50;
const labelMap = 'public/label-to-taskid.json';

/**
 * The task that an ask leads to, by index routes. Nothing found here is trusted: where the task really comes from is
 * proven afterwards, from the task itself.
 */
export async function findTask(
  source: Source,
  build: BuildPolicy,
  ask: BuildAsk,
): Promise<TaskId | Refusal> {
  switch (ask.by) {
    case 'task':
      return findByTask(source, build, ask.taskId);
    case 'latest':
      return findLatest(source, build);
    case 'revision':
      return findByRevision(source, build, ask.revision);
  }
}

/** A task that is its own group is a decision task: it stands for its push. */
async function findByTask(
  source: Source,
  build: BuildPolicy,
  taskId: TaskId,
): Promise<TaskId | Refusal> {
  const definition = await source.metadata.definition(taskId);
  if (definition?.['taskGroupId'] !== taskId) return taskId;
  return findInMap(source, build, { decision: taskId, revision: `the push of ${taskId}` });
}

/**
 * The newest build in the cache; where another project has filled it, the newest that the last pushes of the image's own
 * projects name. One look for each of them, and nothing is trusted for it.
 */
async function findLatest(source: Source, build: BuildPolicy): Promise<TaskId | Refusal> {
  const { metadata } = source;
  const route = `${build.trustDomain}.cache.level-3.docker-images.v2.${build.name}.latest`;
  const newest = await metadata.findTask(route);
  if (!newest) return refuse('no-latest', { route });
  if (isClaimed(await metadata.definition(newest), build, newest)) return newest;
  const candidates: { readonly taskId: TaskId; readonly created: string }[] = [];
  for (const project of projectsOf(build)) {
    const taskId = await lastOf(source, build, project);
    const definition = taskId && (await metadata.definition(taskId));
    if (taskId && isClaimed(definition, build, taskId)) {
      candidates.push({ taskId, created: String(definition?.['created']) });
    }
  }
  const [own] = candidates.toSorted((a, b) => (a.created < b.created ? 1 : -1));
  // Where there is none of its own, what that other one is will be told.
  return own?.taskId ?? newest;
}

/** What the last push of a project names. */
async function lastOf(
  source: Source,
  build: BuildPolicy,
  project: string,
): Promise<TaskId | undefined> {
  const route = `${build.trustDomain}.v2.${project}.latest.taskgraph.decision`;
  const decision = await source.metadata.findTask(route);
  if (!decision) return undefined;
  const asked = { decision, revision: `the last push of ${project}` };
  const found = await orRefusal(findInMap(source, build, asked));
  if (!isRefusal(found)) return found;
  if (!passedOver.has(found.reason)) throw new PromotionError(found);
  return undefined;
}

function projectsOf({ sources }: BuildPolicy): readonly string[] {
  return [...new Set(sources.map(({ project }) => project))];
}

/**
 * The first of the image's projects whose push of this commit names the image: Mercurial's repositories share commits,
 * and a later push of one names the task of an earlier one.
 */
async function findByRevision(
  source: Source,
  build: BuildPolicy,
  revision: Revision,
): Promise<TaskId | Refusal> {
  const projects = projectsOf(build);
  const refusals: Refusal[] = [];
  for (const project of projects) {
    const found = await findInPush(source, build, { project, revision });
    if (!isRefusal(found)) return found;
    refusals.push(found);
  }
  const told = refusals.find(({ reason }) => reason !== 'unknown-commit');
  return told ?? refuse('unknown-commit', { revision, project: projects.join(' or ') });
}

/**
 * Only the tip of a push has a decision task. Its label map also names tasks of older pushes, where the image's inputs
 * did not change: the task was cached.
 */
async function findInPush(
  source: Source,
  build: BuildPolicy,
  { project, revision }: { readonly project: string; readonly revision: Revision },
): Promise<TaskId | Refusal> {
  const push = `${build.trustDomain}.v2.${project}.revision.${revision}.taskgraph`;
  const decision = await source.metadata.findTask(`${push}.decision`);
  if (!decision) return refuse('unknown-commit', { revision, project });
  for (const action of await newestFirst(source, `${push}.actions`)) {
    const found = await orRefusal(findInMap(source, build, { decision: action, revision }));
    if (!isRefusal(found) || !passedOver.has(found.reason)) return found;
  }
  return findInMap(source, build, { decision, revision });
}

/**
 * The actions of a push: one that builds cached tasks again makes a new image task, and names it in a label map of its
 * own, which stands on all that came before it.
 */
async function newestFirst({ metadata }: Source, namespace: string): Promise<readonly TaskId[]> {
  const listed = await orRefusal(metadata.tasksBelow(namespace));
  // Without the right to list them they are found by their own ids only, as docs/operations.md says.
  if (isRefusal(listed) && listed.reason !== 'missing-scope') throw new PromotionError(listed);
  const actions = isRefusal(listed) ? [] : listed.slice(0, actionLimit);
  const dated: { readonly action: TaskId; readonly created: string }[] = [];
  for (const action of actions) {
    const definition = await metadata.definition(action);
    dated.push({ action, created: String(definition?.['created']) });
  }
  return dated.toSorted((a, b) => (a.created < b.created ? 1 : -1)).map(({ action }) => action);
}

async function findInMap(
  source: Source,
  { name }: BuildPolicy,
  { decision, revision }: { readonly decision: TaskId; readonly revision: string },
): Promise<TaskId | Refusal> {
  const bytes = await readArtifact(source, { taskId: decision, name: labelMap }, labelMapLimit);
  if (!bytes) return refuse('no-label-map', { decision, revision, artifact: labelMap });
  const tasks = readLabels(bytes, decision);
  const [label, older] = labels(name);
  return tasks.get(label) ?? tasks.get(older) ?? refuse('no-image-task', { revision, label });
}

function readLabels(bytes: Uint8Array, decision: TaskId): ReadonlyMap<string, TaskId> {
  const what = `the request for ${labelMap} of ${decision}`;
  const json = readJson(bytes);
  if ('problem' in json) return fail('taskcluster-nonsense', { what, problem: json.problem });
  const parsed = z.record(z.string(), TaskId).safeParse(json.value);
  if (parsed.success) return new Map(Object.entries(parsed.data));
  return fail('taskcluster-nonsense', { what, problem: firstProblem(parsed.error) });
}
