import { z } from 'zod';

const text = z.string();
const time = z.iso.datetime();
const pool = { provisionerId: text, workerType: text, taskQueueId: text };
const group = { schedulerId: text, projectId: z.literal('none'), taskGroupId: text };
const run = z.strictObject({
  runId: z.literal(0),
  state: z.literal('completed'),
  reasonCreated: z.literal('scheduled'),
  reasonResolved: z.literal('completed'),
  workerGroup: text,
  workerId: text,
  takenUntil: time,
  scheduled: time,
  started: time,
  resolved: time,
});
export const Status = z.strictObject({
  status: z.strictObject({
    taskId: text,
    ...pool,
    ...group,
    priority: z.enum(['low', 'very-low']),
    deadline: time,
    expires: time,
    retriesLeft: z.literal(5),
    state: z.literal('completed'),
    runs: z.tuple([run]),
  }),
});
const definition = {
  ...pool,
  ...group,
  dependencies: z.array(text),
  requires: z.literal('all-completed'),
  routes: z.array(text),
  priority: text,
  retries: z.literal(5),
  created: time,
  deadline: time,
  expires: time,
  scopes: z.array(text),
  metadata: z.strictObject({ name: text, owner: text, source: text, description: text }),
};
const hash = text.regex(/^[0-9a-f]{64}$/);
export const Image = z.strictObject({
  ...definition,
  payload: z.strictObject({
    env: z.strictObject({
      HASH: hash,
      PROJECT: text,
      IMAGE_NAME: text,
      CONTEXT_PATH: text.regex(/^public\/docker-contexts\/.*\.tar\.gz$/),
      CONTEXT_TASK_ID: text,
      MOZ_AUTOMATION: z.literal('1'),
      SCCACHE_DISABLE: z.literal('1'),
      DOCKER_BUILD_ARGS: text.startsWith('{"'),
      DOCKER_IMAGE_ZSTD_LEVEL: z.literal('10'),
      VCS_BASE_REPOSITORY: z.url(),
      VCS_HEAD_REPOSITORY: z.url(),
      VCS_HEAD_REV: text.regex(/^[0-9a-f]{40}$/),
      VCS_REPOSITORY_TYPE: z.literal('git'),
    }),
    image: text,
    features: z.strictObject({ chainOfTrust: z.literal(true) }),
    artifacts: z.strictObject({
      'public/image.tar.zst': z.strictObject({
        path: z.literal('/workspace/out/image.tar.zst'),
        type: z.literal('file'),
        expires: time,
      }),
    }),
    maxRunTime: z.literal(7200),
    onExitStatus: z.strictObject({}),
  }),
  tags: z.strictObject({
    kind: z.literal('docker-image'),
    label: text,
    project: text,
    'trust-domain': text,
    createdForUser: text,
  }),
  extra: z.strictObject({ index: z.strictObject({ rank: z.int() }), parent: text }),
});
/** How a decision task is run depends on its worker; what it is told does not. */
export const Decision = z.strictObject({
  ...definition,
  priority: z.literal('very-low'),
  payload: z.looseObject({
    env: z.record(
      z
        .string()
        .regex(
          /^(REPOSITORIES|[A-Z]+_(BASE|HEAD)_RE[FV]|[A-Z]+_(BASE|HEAD)_REPOSITORY|[A-Z]+_REPOSITORY_TYPE)$/,
        ),
      text,
    ),
    features: z.strictObject({ chainOfTrust: z.literal(true), taskclusterProxy: z.literal(true) }),
    maxRunTime: z.literal(1800),
  }),
  tags: z.strictObject({ kind: z.literal('decision-task'), createdForUser: text }),
  extra: z.strictObject({ tasks_for: z.literal('github-push') }),
});
const stored = {
  storageType: z.literal('s3'),
  name: text,
  expires: time,
  contentType: text,
  contentLength: z.int().positive(),
};
export const Stored = z.strictObject(stored);
const Linked = z.strictObject({
  storageType: z.literal('link'),
  name: z.literal('public/logs/live.log'),
  expires: time,
  contentType: text,
});
export const Left = z.strictObject({ artifacts: z.array(z.union([Stored, Linked])) });
export const Place = z.strictObject({ storageType: z.literal('s3'), url: z.url() });
export const Indexed = z.strictObject({
  namespace: text,
  taskId: text,
  rank: z.int(),
  data: z.strictObject({}),
  expires: time,
});
export const Certificate = z.strictObject({
  artifacts: z.record(text, z.strictObject({ sha256: hash })),
  chainOfTrustVersion: z.literal(1),
  environment: z.strictObject({
    imageHash: text,
    instanceId: text,
    instanceType: text,
    privateIpAddress: text,
    publicIpAddress: text,
    region: text,
  }),
  runId: z.literal(0),
  task: Image,
  taskId: text,
  workerGroup: text,
  workerId: text,
});
