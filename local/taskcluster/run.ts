import {
  certificateArtifacts,
  certify,
  encode,
  gzipped,
  sha256Of,
  type Certificate,
} from './certificate.ts';
import type { TaskDefinition } from './definition.ts';
import type { StoredArtifact, StoredRun, StoredTask } from './world.ts';

/** A task that a worker has run, and what it has left. */
export interface Ran {
  readonly taskId: string;
  readonly definition: TaskDefinition;
  /** What is left belongs to the last. */
  readonly runs: readonly StoredRun[];
  /** Small files by their names, as they were on the worker's disk. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Large ones, as the queue keeps them. */
  readonly stored?: readonly StoredArtifact[];
  /** Of the large ones, in hex. */
  readonly sha256s?: Readonly<Record<string, string>>;
  /** Changes what is certified, before it is signed. Bytes are signed as they are. */
  readonly certificate?: ((certificate: Certificate) => object) | undefined;
  /** Without it there is no signature. */
  readonly sign?: ((document: Uint8Array) => Uint8Array) | undefined;
}

/** The task as the queue then knows it: with its files, logs and certificate. */
export function ranTask(ran: Ran): StoredTask {
  const { taskId, definition, runs } = ran;
  const run = runs.at(-1);
  const { expires } = definition;
  const files = Object.entries(ran.files ?? {});
  const log = Buffer.from(`[taskcluster] Task ID: ${taskId}\n[taskcluster] Successful task run\n`);
  const sha256s = {
    ...ran.sha256s,
    ...Object.fromEntries(files.map(([name, bytes]) => [name, sha256Of(bytes)])),
    'public/logs/certified.log': sha256Of(log),
  };
  const good = certify({ definition, taskId, run, sha256s });
  const document = encode(ran.certificate?.(structuredClone(good)) ?? good);
  const artifacts: readonly StoredArtifact[] = [
    ...(ran.stored ?? []),
    ...files.map(([name, bytes]) => gzipped(name, bytes, expires)),
    ...certificateArtifacts(document, ran.sign?.(document), expires),
    ...logArtifacts(log, expires),
  ];
  const left = new Map(artifacts.map((artifact) => [artifact.name, artifact]));
  return {
    definition,
    status: statusOf(taskId, definition, runs),
    artifacts: new Map([[run?.runId ?? 0, left]]),
  };
}

function logArtifacts(log: Uint8Array, expires: string): readonly StoredArtifact[] {
  const contentType = 'text/plain; charset=utf-8';
  const [certified, backing] = ['certified', 'live_backing'].map((name) => ({
    ...gzipped(`public/logs/${name}.log`, log, expires),
    contentType,
  }));
  const target = 'public/logs/live_backing.log';
  const name = 'public/logs/live.log';
  return [
    ...(certified && backing ? [certified, backing] : []),
    { name, storageType: 'link', contentType, expires, target },
  ];
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
    takenUntil: at(22),
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
  const { projectId, taskGroupId, priority, deadline, expires } = definition;
  const pool = { provisionerId, workerType, taskQueueId };
  const group = { schedulerId, projectId, taskGroupId, priority, deadline, expires };
  const state = runs.at(-1)?.state ?? 'unscheduled';
  return Object.assign({ taskId, ...pool, ...group, retriesLeft: 5, state }, { runs });
}
