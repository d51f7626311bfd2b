import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AllowedKeys } from '../domain/allowed-keys.ts';
import { fail, isRefusal, refuse, type Refusal } from '../domain/errors.ts';
import { readJson } from '../net/json.ts';
import type { TaskId } from '../domain/reference.ts';
import type { Source } from './artifact.ts';
import { lasting, unknownField, type Certificate, type Subject } from './chain-of-trust.ts';
import { difference } from './difference.ts';
import { EntryFinder } from './graph-entry.ts';
import { passArtifact } from './read-artifact.ts';

const graphName = 'public/task-graph.json';
/** Gecko's task graph of a full push is the largest known, some tens of MiB. */
const graphLimit = 128 * 1024 * 1024;

/** A decision or action task whose certificate is proven. */
export interface Planner {
  readonly subject: Subject;
  readonly certificate: Certificate;
}

/** A task that should be in the graph; `allowedKeys` of its definition are not compared. */
interface Created {
  readonly created: Subject;
  readonly allowedKeys?: AllowedKeys | undefined;
}

/**
 * Why the signed task graph of `planner` does not hold exactly the task created; `undefined` where it does. The graph
 * is read once, hashed as it passes, and nothing but the task's own entry is kept of it.
 */
export async function missingInGraph(
  source: Source,
  planner: Planner,
  { created, allowedKeys = {} }: Created,
): Promise<Refusal | undefined> {
  const { taskId } = created;
  const decision = planner.subject.taskId;
  const entry = await plannedEntry(source, planner, taskId);
  if (isRefusal(entry)) return entry;
  if (!entry) return refuse('not-in-graph', { decision, task: taskId, problem: '' });
  const field = otherThanPlanned(entry, { planner: decision, created, allowedKeys });
  if (field === undefined) return undefined;
  const problem = ` as it was planned: ${field} differs`;
  const unknown = Object.hasOwn(created.definition, field) && unknownField(taskId, field);
  return unknown || refuse('not-in-graph', { decision, task: taskId, problem });
}

async function plannedEntry(
  source: Source,
  { subject: { taskId: task, run }, certificate }: Planner,
  wanted: TaskId,
): Promise<Uint8Array | Refusal | undefined> {
  const want = certificate.sha256(graphName);
  const facts = { task, artifact: graphName };
  if (!want) return refuse('artifact-not-signed', facts);
  const artifact = { taskId: task, runId: run.runId, name: graphName };
  const passed = await passArtifact(source, { artifact, limit: graphLimit }, async (bytes) => {
    const hash = createHash('sha256');
    const finder = new EntryFinder(wanted);
    for await (const chunk of bytes) {
      hash.update(chunk);
      finder.push(chunk);
    }
    return { sha256: `sha256:${hash.digest('hex')}`, found: finder.end() };
  });
  if (!passed) return refuse('artifact-missing', { ...facts, run: String(run.runId) });
  const { sha256, found } = passed;
  if (sha256 !== want) return refuse('artifact-hash', facts);
  if ('problem' in found) return unreadable(task, found.problem);
  return found.entry;
}

function unreadable(task: TaskId, problem: string): never {
  return fail('taskcluster-nonsense', { what: `the request for ${graphName} of ${task}`, problem });
}

const Entry = z.object({ task: z.record(z.string(), z.unknown()) });

/** Written when the decision task creates the task, so that the graph knows it not yet or knows it relatively. */
const unsettled = new Set([
  'created',
  'deadline',
  'dependencies',
  'expires',
  'projectId',
  'schedulerId',
  'taskGroupId',
  'taskQueueId',
  'priority',
]);

/** The first field in which the created task is another than the planned one. */
function otherThanPlanned(
  entry: Uint8Array,
  {
    planner,
    created,
    allowedKeys,
  }: Required<Created> & { readonly planner: TaskId; readonly allowedKeys: AllowedKeys },
): string | undefined {
  const json = readJson(entry);
  const parsed = 'problem' in json ? undefined : Entry.safeParse(json.value);
  if (!parsed?.success) {
    return unreadable(planner, 'problem' in json ? json.problem : 'it has another shape');
  }
  const { definition } = created;
  const planned = parsed.data.task;
  const at = new Date(String(definition['created']));
  const compared = (task: Readonly<Record<string, unknown>>) => settle(lasting(task, allowedKeys));
  const shared = Object.fromEntries(
    Object.entries(compared(definition)).filter(
      ([key, value]) => Object.hasOwn(planned, key) || !isQueueDefault(key, value),
    ),
  );
  return (
    difference(resolveTimes(compared(planned), at), shared) ??
    foreignDependency(planned, definition, planner)
  );
}

function settle(task: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(task).filter(([key]) => !unsettled.has(key)));
}

/** What a task waits for is planned; whoever creates it adds itself and its task group. */
function foreignDependency(
  planned: Readonly<Record<string, unknown>>,
  { dependencies, taskGroupId }: Readonly<Record<string, unknown>>,
  planner: TaskId,
): string | undefined {
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
  const known = new Set([...list(planned['dependencies']), taskGroupId, planner]);
  return list(dependencies).every((one) => known.has(one)) ? undefined : 'dependencies';
}

/** What the queue adds to a definition that does not say it. */
function isQueueDefault(key: string, value: unknown): boolean {
  if (key === 'retries') return value === 5;
  if (key === 'requires') return value === 'all-completed';
  if (key === 'provisionerId' || key === 'workerType') return true;
  return (
    ['routes', 'scopes', 'tags', 'extra'].includes(key) && Object.keys(value ?? {}).length === 0
  );
}

const units: Readonly<Record<string, number>> = {
  second: 1,
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 604_800,
  month: 30 * 86_400,
  year: 365 * 86_400,
};

/** `{ "relative-datestamp": "1 year" }` as taskgraph resolves it: from when the task was created. */
function resolveTimes(value: unknown, created: Date): unknown {
  if (Array.isArray(value)) return value.map((item) => resolveTimes(item, created));
  if (typeof value !== 'object' || value === null) return value;
  const relative = 'relative-datestamp' in value ? value['relative-datestamp'] : undefined;
  if (typeof relative === 'string') return later(created, relative) ?? value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, resolveTimes(member, created)]),
  );
}

function later(created: Date, relative: string): string | undefined {
  const [, count, unit = ''] = /^(\d+) ?([a-z]+?)s?$/.exec(relative) ?? [];
  const seconds = units[unit];
  if (!count || seconds === undefined) return undefined;
  return new Date(created.getTime() + Number(count) * seconds * 1000).toISOString();
}
