import { z } from 'zod';
import { TaskId } from '../domain/reference.ts';

const time = z.iso.datetime();

/** One run of a task, as the queue tells it. */
export const Run = z.object({
  runId: z.int().min(0),
  state: z.string(),
  reasonResolved: z.string().optional(),
  workerGroup: z.string().optional(),
  workerId: z.string().optional(),
  resolved: time.optional(),
});
export type Run = z.infer<typeof Run>;

/** @see https://docs.taskcluster.net/docs/reference/platform/queue/api#status */
export const Status = z.object({
  taskId: TaskId,
  provisionerId: z.string().optional(),
  workerType: z.string().optional(),
  taskQueueId: z.string().optional(),
  schedulerId: z.string(),
  projectId: z.string().optional(),
  taskGroupId: z.string(),
  deadline: time,
  expires: time,
  state: z.string(),
  runs: z.array(Run),
});
export type Status = z.infer<typeof Status>;

/**
 * A task's definition: the parts that are looked at. The whole of it is compared and hashed as it came.
 * @see https://docs.taskcluster.net/docs/reference/platform/queue/api#task
 */
export const Definition = z.object({
  provisionerId: z.string().optional(),
  workerType: z.string().optional(),
  taskQueueId: z.string().optional(),
  schedulerId: z.string(),
  projectId: z.string().optional(),
  taskGroupId: z.string(),
  routes: z.array(z.string()),
  scopes: z.array(z.string()),
  created: time,
  deadline: time,
  expires: time,
  metadata: z.object({ name: z.string(), source: z.string() }),
  payload: z.object({
    env: z.record(z.string(), z.string()).default({}),
    features: z.record(z.string(), z.unknown()).default({}),
    rdpInfo: z.unknown().optional(),
  }),
  tags: z.record(z.string(), z.string()).default({}),
  extra: z.object({ tasks_for: z.unknown().optional(), parent: z.unknown().optional() }).optional(),
});
export type Definition = z.infer<typeof Definition>;

/** What the queue says about an artifact of a run. */
export const ArtifactInfo = z.object({
  storageType: z.string(),
  name: z.string(),
  expires: time,
  contentLength: z.int().min(0).nullish(),
});
export type ArtifactInfo = z.infer<typeof ArtifactInfo>;

/** `<provisionerId>/<workerType>`: newer tasks say `taskQueueId`, older ones only its two parts, most of them all. */
export function taskQueue(
  task: Pick<Definition, 'taskQueueId' | 'provisionerId' | 'workerType'>,
): string {
  return task.taskQueueId ?? `${task.provisionerId ?? ''}/${task.workerType ?? ''}`;
}

/** The first thing that zod found wrong, for people. */
export function firstProblem({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = issue?.path.join('.');
  if (!issue || !path) return 'it has another shape';
  return issue.message.endsWith('received undefined')
    ? `${path} is missing`
    : `${path}: ${issue.message}`;
}
