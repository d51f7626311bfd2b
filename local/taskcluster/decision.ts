import { newTaskId } from './task-id.ts';
import { encode } from './certificate.ts';
import type { TaskDefinition } from './definition.ts';
import { completedRun, ranTask } from './run.ts';
import type { StoredTask } from './world.ts';

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
  const { label, definition: image } = decided;
  const graph = image ? { [decided.taskId]: planned(decided.taskId, image) } : {};
  const labels = { [label]: decided.taskId, 'docker-image-other': newTaskId() };
  const files = {
    'public/label-to-taskid.json': encode(labels),
    'public/task-graph.json': encode(planning.graph?.(graph) ?? graph),
    'public/parameters.yml': Buffer.from(`tasks_for: ${String(definition.extra['tasks_for'])}\n`),
  };
  return ranTask({ taskId, definition, runs: [completedRun(planning)], files, sign });
}

/** The task as the graph has it: before the queue knew it, with times relative to its creation. */
function planned(taskId: string, definition: TaskDefinition): object {
  const { taskQueueId: _queue, schedulerId: _scheduler, ...known } = structuredClone(definition);
  const { taskGroupId: _group, projectId: _project, requires: _requires, ...task } = known;
  const { retries: _retries, ...written } = task;
  const relative = (period: string): object => ({ 'relative-datestamp': period });
  for (const artifact of Object.values(task.payload.artifacts ?? {})) {
    artifact.expires = relative('1 year');
  }
  const times = {
    created: relative('0 seconds'),
    deadline: relative('1 day'),
    expires: relative('1 year'),
  };
  const { name: label, description } = task.metadata;
  return {
    attributes: { kind: 'docker-image', image_name: task.payload.env['IMAGE_NAME'] },
    dependencies: {},
    description,
    if_dependencies: [],
    kind: 'docker-image',
    label,
    optimization: null,
    soft_dependencies: [],
    task: { ...written, dependencies: [], ...times },
    task_id: taskId,
  };
}
