import { z } from 'zod';

/** What a definition is made of. Each of them is compared, or proves something; none can be left out of it. */
export const definitionKeys: ReadonlySet<string> = new Set([
  'provisionerId',
  'workerType',
  'taskQueueId',
  'schedulerId',
  'projectId',
  'taskGroupId',
  'dependencies',
  'requires',
  'routes',
  'priority',
  'retries',
  'created',
  'deadline',
  'expires',
  'scopes',
  'payload',
  'metadata',
  'tags',
  'extra',
]);

const key = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'is not the name of one key');

/**
 * Keys that Taskcluster has begun to write and this program does not know: whatever they hold proves nothing and is not
 * looked at. `definition`: of a task, as the queue tells it; `environment`: of a certificate.
 */
export const allowedKeys = z.strictObject({
  definition: z
    .array(
      key.refine(
        (name) => !definitionKeys.has(name),
        'is compared: a build where it differs is not the one that was signed',
      ),
    )
    .optional(),
  environment: z.array(key).optional(),
});
export type AllowedKeys = Readonly<z.infer<typeof allowedKeys>>;
