import { createHash } from 'node:crypto';
import { z } from 'zod';
import { fail, refuse, type Refusal } from '../errors.ts';
import type { BuildPolicy } from '../image.ts';
import { TaskId } from '../reference.ts';
import { readArtifact, type Source } from './artifact.ts';
import { verifyChainOfTrust, type ChainOfTrustKey, type Subject } from './chain-of-trust.ts';
import { difference } from './difference.ts';
import { readJson } from '../json.ts';
import type { Definition } from './task.ts';
import { readCertificate, readSubject } from './evidence.ts';

const graphName = 'public/task-graph.json';
/** Gecko's task graph of a full push is the largest known, some tens of MiB. */
const graphLimit = 128 * 1024 * 1024;

/** A task that its decision task has to answer for. */
export interface Created {
  readonly subject: Subject;
  readonly parsed: Definition;
  readonly build: BuildPolicy;
}

/**
 * The deep mode: the decision task's own chain of trust, and its signed task graph that holds this very task. Gives the
 * sentence about it, or the refusal.
 */
export async function provenByDecision(
  source: Source,
  { keys, now }: { readonly keys: readonly ChainOfTrustKey[]; readonly now: () => Date },
  created: Created,
): Promise<string | Refusal> {
  const { subject, parsed, build } = created;
  const taskId = TaskId.safeParse(parsed.taskGroupId);
  if (!taskId.success) return notInGraph(created, ': its task group is no task');
  const decision = await readSubject(source, taskId.data, now());
  if ('outcome' in decision) return decision;
  const refusal = wrongDecision(decision.parsed, build, taskId.data);
  if (refusal) return refusal;
  const signed = await readCertificate(source, decision.subject);
  if ('outcome' in signed) return signed;
  const certificate = verifyChainOfTrust(signed, decision.subject, keys);
  if ('outcome' in certificate) return certificate;
  const want = certificate.sha256(graphName);
  if (!want) return refuse('artifact-not-signed', { task: taskId.data, artifact: graphName });
  const { runId } = decision.subject.run;
  const name = { taskId: taskId.data, runId, name: graphName };
  const bytes = await readArtifact(source, name, graphLimit);
  if (!bytes) {
    return refuse('artifact-missing', {
      task: taskId.data,
      run: String(runId),
      artifact: graphName,
    });
  }
  const got = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (got !== want) return refuse('artifact-hash', { task: taskId.data, artifact: graphName });
  const problem = problemInGraph(bytes, subject);
  if (problem !== undefined) return notInGraph(created, problem);
  return `the signed task graph of decision task ${taskId.data} holds exactly this task`;
}

/** A decision task of level 3 runs in one pool only; what it did there is its own certificate's to say. */
function wrongDecision(
  { taskQueueId, provisionerId, workerType, schedulerId }: Definition,
  { trustDomain }: BuildPolicy,
  task: TaskId,
): Refusal | undefined {
  const want = `${trustDomain}-3/decision`;
  const parts = provisionerId === undefined ? undefined : `${provisionerId}/${workerType}`;
  const got = [taskQueueId, parts].find((pool) => pool !== undefined && pool !== want);
  if (got !== undefined || (taskQueueId ?? parts) === undefined) {
    return refuse('wrong-worker-pool', { task, got: got ?? 'none', want });
  }
  const scheduler = `${trustDomain}-level-3`;
  if (schedulerId === scheduler) return undefined;
  return refuse('wrong-scheduler', { task, got: schedulerId, want: scheduler });
}

function notInGraph({ subject, parsed }: Created, problem: string): Refusal {
  return refuse('not-in-graph', { decision: parsed.taskGroupId, task: subject.taskId, problem });
}

const Graph = z.record(z.string(), z.object({ task: z.record(z.string(), z.unknown()) }));

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

function problemInGraph(bytes: Uint8Array, { taskId, definition }: Subject): string | undefined {
  const json = readJson(bytes);
  const graph = 'problem' in json ? undefined : Graph.safeParse(json.value);
  if (!graph?.success) {
    const problem = 'problem' in json ? json.problem : 'it has another shape';
    return fail('taskcluster-nonsense', { what: `the request for ${graphName}`, problem });
  }
  const planned = graph.data[taskId]?.task;
  if (!planned) return '';
  const created = new Date(String(definition['created']));
  const settle = (task: Readonly<Record<string, unknown>>): object =>
    Object.fromEntries(Object.entries(task).filter(([key]) => !unsettled.has(key)));
  const resolved = resolveTimes(settle(planned), created);
  const shared = Object.fromEntries(
    Object.entries(settle(definition as Record<string, unknown>)).filter(
      ([key, value]) => Object.hasOwn(planned, key) || !isQueueDefault(key, value),
    ),
  );
  const field = difference(resolved, shared);
  return field === undefined ? undefined : ` as it was planned: ${field} differs`;
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
