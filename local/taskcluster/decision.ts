import { newTaskId } from './task-id.ts';
import { certificateArtifacts, certify, encode, gzipped, sha256Of } from './certificate.ts';
import type { TaskDefinition } from './definition.ts';
import type { StoredArtifact, StoredRun, StoredTask } from './world.ts';

/** What a decision or action task has decided about the image. */
export interface Decided {
  readonly label: string;
  readonly taskId: string;
  /** Absent where somebody else created the image's task: then it is in the label map only. */
  readonly definition: TaskDefinition | undefined;
}

/** A decision or action task, before it has decided. */
export interface Planning {
  readonly taskId: string;
  readonly definition: TaskDefinition;
  readonly created: Date;
  readonly decided: Decided;
  /** Changes the graph before it is signed. */
  readonly graph?: ((graph: Record<string, object>) => object) | undefined;
}

/** A decision or action task that has run: with its label map, its task graph and its own chain of trust. */
export function planningTask(
  planning: Planning,
  sign: (document: Uint8Array) => Uint8Array,
): StoredTask {
  const { taskId, definition, decided } = planning;
  const run = completedRun(planning);
  const { label, definition: image } = decided;
  const graph = image ? { [decided.taskId]: planned(label, image) } : {};
  const labels = { [label]: decided.taskId, 'docker-image-other': newTaskId() };
  const files = {
    'public/label-to-taskid.json': encode(labels),
    'public/task-graph.json': encode(planning.graph?.(graph) ?? graph),
    'public/parameters.yml': Buffer.from(`tasks_for: ${String(definition.extra['tasks_for'])}\n`),
  };
  const sha256s = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, sha256Of(bytes)]),
  );
  const document = encode(certify({ definition, taskId, run, sha256s }));
  const { expires } = definition;
  const artifacts: readonly StoredArtifact[] = [
    ...Object.entries(files).map(([name, bytes]) => gzipped(name, bytes, expires)),
    ...certificateArtifacts(document, sign(document), expires),
  ];
  return {
    definition,
    status: statusOf(taskId, definition, [run]),
    artifacts: new Map([[0, new Map(artifacts.map((artifact) => [artifact.name, artifact]))]]),
  };
}

/** The task as the graph has it: before the queue knew it, with times relative to its creation. */
function planned(label: string, definition: TaskDefinition): object {
  const { taskGroupId: _group, dependencies: _created, ...task } = structuredClone(definition);
  const relative = (period: string): object => ({ 'relative-datestamp': period });
  for (const artifact of Object.values(task.payload.artifacts ?? {})) {
    artifact.expires = relative('1 year');
  }
  const times = {
    created: relative('0 seconds'),
    deadline: relative('1 day'),
    expires: relative('1 year'),
  };
  return {
    label,
    kind: 'docker-image',
    attributes: {},
    dependencies: {},
    task: { ...task, ...times },
  };
}

/** A run that a worker of Google's cloud has completed within five minutes. */
export function completedRun({ created }: { readonly created: Date }): StoredRun {
  const at = (minutes: number): string =>
    new Date(created.getTime() + minutes * 60_000).toISOString();
  return {
    runId: 0,
    state: 'completed',
    reasonCreated: 'scheduled',
    reasonResolved: 'completed',
    workerGroup: 'us-central1-b',
    workerId: '4612345678901234567',
    scheduled: at(1),
    started: at(2),
    resolved: at(7),
  };
}

/** What `queue.status` says about a task with these runs. */
export function statusOf(
  taskId: string,
  definition: TaskDefinition,
  runs: readonly StoredRun[],
): StoredTask['status'] {
  const { provisionerId, workerType, taskQueueId, schedulerId } = definition;
  const { projectId, taskGroupId, deadline, expires } = definition;
  const pool = { provisionerId, workerType, taskQueueId };
  const group = { schedulerId, projectId, taskGroupId, deadline, expires };
  const state = runs.at(-1)?.state ?? 'unscheduled';
  return Object.assign({ taskId, ...pool, ...group, retriesLeft: 5, state }, { runs });
}
