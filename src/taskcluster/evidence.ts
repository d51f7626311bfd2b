import { refuse, type Refusal } from '../domain/errors.ts';
import type { TaskId } from '../domain/reference.ts';
import type { Source } from './artifact.ts';
import { readArtifact } from './read-artifact.ts';
import type { SignedDocument, Subject } from './chain-of-trust.ts';
import { completedRun, sameTask } from './status.ts';
import { Definition, firstProblem } from './task.ts';

const documentName = 'public/chain-of-trust.json';
const signatureName = 'public/chain-of-trust.json.sig';
/** A certificate lists every artifact of the run: an image task has a handful, Gecko's decision task about a hundred. */
const documentLimit = 4 * 1024 * 1024;
const signatureLimit = 4096;

/** A task with a completed latest run, and its definition as the queue gives it. */
export async function readSubject(
  { metadata }: Source,
  taskId: TaskId,
  now: Date,
): Promise<{ readonly subject: Subject; readonly parsed: Definition } | Refusal> {
  const status = await metadata.status(taskId);
  if (!status) return refuse('unknown-task', { task: taskId });
  const run = completedRun(status, taskId, now);
  if ('outcome' in run) return run;
  const definition = await metadata.definition(taskId);
  if (!definition) return refuse('unknown-task', { task: taskId });
  const parsed = Definition.safeParse(definition);
  if (!parsed.success) {
    return refuse('bad-definition', { task: taskId, problem: firstProblem(parsed.error) });
  }
  const subject = { taskId, run, definition };
  return sameTask(status, parsed.data, taskId) ?? { subject, parsed: parsed.data };
}

/** The certificate of exactly this run, its signature, and when it is dropped. */
export async function readCertificate(
  source: Source,
  { taskId, run: { runId, expires } }: Subject,
): Promise<(SignedDocument & { readonly expires: string }) | Refusal> {
  const document = await readArtifact(source, { taskId, runId, name: documentName }, documentLimit);
  if (!document) return without(documentName);
  const signature = await readArtifact(
    source,
    { taskId, runId, name: signatureName },
    signatureLimit,
  );
  if (!signature) return without(signatureName);
  const info = await source.metadata.artifactInfo({ taskId, runId, name: documentName });
  return { document, signature, expires: info?.expires ?? expires };

  function without(artifact: string): Refusal {
    return refuse('no-chain-of-trust', { task: taskId, run: String(runId), artifact });
  }
}
