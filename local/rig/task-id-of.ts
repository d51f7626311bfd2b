import { TaskId } from '../../src/domain/reference.ts';

/** A task id of the form that the queue takes, which holds ten hex digits; {@link digitsIn} gives them back. */
export function taskIdWith(digits: string): TaskId {
  return TaskId.parse(`00000000Q0C${digits.padStart(10, '0')}A`);
}

export function digitsIn(taskId: TaskId): string {
  return taskId.slice(11, 21);
}
