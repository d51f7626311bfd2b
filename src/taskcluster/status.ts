import { refuse, type Refusal } from '../domain/errors.ts';
import type { TaskId } from '../domain/reference.ts';
import { taskQueue, type Definition, type Run, type Status } from './task.ts';

/** A task's latest run, which is completed. */
export interface CompletedRun {
  readonly runId: number;
  readonly workerGroup: string;
  readonly workerId: string;
  /** ISO 8601, UTC. */
  readonly resolved: string;
  /** ISO 8601, UTC: when the task and its artifacts are dropped. */
  readonly expires: string;
}

/** The latest run, where the task and that run are completed and nothing has expired at `now`. */
export function completedRun(status: Status, taskId: TaskId, now: Date): CompletedRun | Refusal {
  if (status.taskId !== taskId) return disagree(taskId, 'the task id');
  const run = status.runs.at(-1);
  if (!run) return refuse('no-run', { task: taskId });
  if (!status.runs.every(({ runId }, position) => runId === position)) {
    return disagree(taskId, 'the order of its runs');
  }
  for (const state of [run.state, status.state]) {
    if (state !== 'completed') {
      return refuse('not-completed', {
        task: taskId,
        run: String(run.runId),
        state: outcome(run, state),
      });
    }
  }
  if (new Date(status.expires) <= now) {
    return refuse('task-expired', { task: taskId, expires: status.expires });
  }
  const { runId, workerGroup, workerId, resolved } = run;
  if (!workerGroup || !workerId) return disagree(taskId, 'the worker of its run');
  if (!resolved) return disagree(taskId, 'when its run ended');
  if (run.reasonResolved !== 'completed') return disagree(taskId, 'how its run ended');
  return { runId, workerGroup, workerId, resolved, expires: status.expires };
}

function outcome({ reasonResolved }: Run, state: string): string {
  return reasonResolved && reasonResolved !== state ? `${state} (${reasonResolved})` : state;
}

/** Status and definition are two answers about one task: where they differ, one of them is of another. */
export function sameTask(
  status: Status,
  definition: Definition,
  taskId: TaskId,
): Refusal | undefined {
  const pairs: Readonly<Record<string, readonly [string | undefined, string | undefined]>> = {
    'the worker pool': [taskQueue(status), taskQueue(definition)],
    'the scheduler': [status.schedulerId, definition.schedulerId],
    'the project': [status.projectId ?? 'none', definition.projectId ?? 'none'],
    'the task group': [status.taskGroupId, definition.taskGroupId],
    'the deadline': [status.deadline, definition.deadline],
    'when it expires': [status.expires, definition.expires],
  };
  for (const [field, [told, defined]] of Object.entries(pairs)) {
    if (told !== defined) return disagree(taskId, field);
  }
  return undefined;
}

function disagree(taskId: TaskId, field: string): Refusal {
  return refuse('status-mismatch', { task: taskId, field });
}
