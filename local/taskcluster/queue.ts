import type { Answer, Asked, Call } from './call.ts';

/** What the queue tells of a task itself. */
export const queueCalls: readonly Call[] = [
  {
    method: 'task',
    path: /^\/task\/(?<taskId>[^/]+)$/,
    answer: ({ world, params: { taskId = '' } }) => {
      const task = world.tasks.get(taskId);
      if (!task) return noTask(taskId, 'has already been submitted');
      return { status: 200, json: task.definition };
    },
  },
  {
    method: 'status',
    path: /^\/task\/(?<taskId>[^/]+)\/status$/,
    answer: ({ world, params: { taskId = '' } }: Asked) => {
      const task = world.tasks.get(taskId);
      if (!task) return noTask(taskId, 'exists');
      return { status: 200, json: { status: task.status } };
    },
  },
];

function noTask(taskId: string, sure: string): Answer {
  const message = `\`${taskId}\` does not correspond to a task that exists.\nAre you sure this task ${sure}?`;
  return { problem: 'ResourceNotFound', message };
}
