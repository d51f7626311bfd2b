import { createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { definitionKeys, type AllowedKeys } from '../domain/allowed-keys.ts';
import { refuse, type Refusal } from '../domain/errors.ts';
import { digestFromHex, type Digest, type TaskId } from '../domain/reference.ts';
import { difference } from './difference.ts';
import { readJson } from '../net/json.ts';
import type { CompletedRun } from './status.ts';
import { firstProblem } from './task.ts';

/** A public key that signs certificates of level-3 workers. */
export interface ChainOfTrustKey {
  /** base64 of the raw 32 bytes. */
  readonly key: string;
  /** The last day (`2026-12-31`, UTC) whose runs it vouches for; without it, of any day. */
  readonly until?: string | undefined;
}

/** What of a certificate is believed. */
export interface Believed {
  readonly keys: readonly ChainOfTrustKey[];
  /** What may stand there besides; none unless given. */
  readonly allowedKeys?: AllowedKeys | undefined;
}

/** `public/chain-of-trust.json` and its signature, as they were on the worker's disk. */
export interface SignedDocument {
  readonly document: Uint8Array;
  /** 64 raw bytes. */
  readonly signature: Uint8Array;
}

/** What the certificate has to be about, as the queue tells it. */
export interface Subject {
  readonly taskId: TaskId;
  readonly run: CompletedRun;
  /** The queue's definition as it came. */
  readonly definition: Readonly<Record<string, unknown>>;
}

/** A certificate that a configured key signed, about exactly this run. */
export interface Certificate {
  readonly signedBy: string;
  /** The signed sha256 of an artifact by its exact name. */
  sha256(artifact: string): Digest | undefined;
}

/**
 * Proves the certificate of a run: the signature over the raw bytes first, and only then what they say.
 * @see https://docs.taskcluster.net/docs/manual/using/chain-of-trust
 */
export function verifyChainOfTrust(
  signed: SignedDocument,
  subject: Subject,
  { keys, allowedKeys = {} }: Believed,
): Certificate | Refusal {
  const key = signingKey(signed, subject, keys);
  if ('outcome' in key) return key;
  const json = readJson(signed.document);
  if ('problem' in json) return unreadable(subject, json.problem);
  const parsed = Document.safeParse(json.value);
  if (!parsed.success) return unreadable(subject, firstProblem(parsed.error));
  const refusal =
    unknownEnvironment(parsed.data, subject, allowedKeys) ??
    otherRun(parsed.data, subject) ??
    otherDefinition(parsed.data, subject, allowedKeys);
  if (refusal) return refusal;
  const artifacts = new Map(Object.entries(parsed.data.artifacts));
  return {
    signedBy: key.key,
    sha256(name) {
      const sha256 = artifacts.get(name)?.sha256;
      return sha256 === undefined ? undefined : digestFromHex(sha256);
    },
  };
}

/** The key that signed the raw bytes. Whether it was valid then is asked about the run, not about today. */
function signingKey(
  signed: SignedDocument,
  { taskId, run }: Subject,
  keys: readonly ChainOfTrustKey[],
): ChainOfTrustKey | Refusal {
  const signers = keys.filter(({ key }) => isSignedBy(signed, key));
  const [first] = signers;
  if (!first) return refuse('bad-signature', { task: taskId });
  const ran = new Date(run.resolved);
  const valid = signers.find(({ until }) => !until || ran <= new Date(`${until}T23:59:59.999Z`));
  if (valid) return valid;
  return refuse('key-expired', { task: taskId, until: String(first.until), ran: run.resolved });
}

/** ed25519 (RFC 8032) over the bytes as they are. `key` is base64 of the raw 32 bytes. */
export function isSignedBy({ document, signature }: SignedDocument, key: string): boolean {
  if (signature.length !== 64) return false;
  const x = Buffer.from(key, 'base64').toString('base64url');
  const jwk = { kty: 'OKP', crv: 'Ed25519', x };
  return verify(null, document, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

const hex64 = z.string().regex(/^[0-9a-f]{64}$/, 'is not a sha256');

/**
 * Closed: the worker merges a file of the task's into what it writes, so that a key nobody knows may come from the task.
 * Only sha256 is ever used; an artifact may have another hash besides.
 */
const Document = z.strictObject({
  chainOfTrustVersion: z.literal(1),
  artifacts: z.record(
    z.string(),
    z.strictObject({
      sha256: hex64.optional(),
      sha512: z
        .string()
        .regex(/^[0-9a-f]{128}$/, 'is not a sha512')
        .optional(),
    }),
  ),
  task: z.record(z.string(), z.unknown()),
  taskId: z.string(),
  runId: z.int().min(0),
  workerGroup: z.string(),
  workerId: z.string(),
  environment: z.looseObject({
    privateIpAddress: z.string().optional(),
    publicIpAddress: z.string().optional(),
    instanceId: z.string().optional(),
    instanceType: z.string().optional(),
    region: z.string().optional(),
    imageHash: z.string().optional(),
    imageArtifactHash: z.string().optional(),
  }),
});
type Document = z.infer<typeof Document>;

/** Nothing of the environment proves anything; but what nobody knows may be the task's own word, until somebody has asked. */
function unknownEnvironment(
  { environment }: Document,
  { taskId: task }: Subject,
  { environment: allowed = [] }: AllowedKeys,
): Refusal | undefined {
  const known = new Set([...Object.keys(Document.shape.environment.shape), ...allowed]);
  const key = Object.keys(environment).find((name) => !known.has(name));
  if (key === undefined) return undefined;
  return refuse('unknown-key', { task, key: key.slice(0, 64), setting: 'environment' });
}

function otherRun(document: Document, { taskId, run }: Subject): Refusal | undefined {
  const pairs: Readonly<Record<string, readonly [string, string]>> = {
    'task id': [document.taskId, taskId],
    run: [String(document.runId), String(run.runId)],
    'worker group': [document.workerGroup, run.workerGroup],
    worker: [document.workerId, run.workerId],
  };
  for (const [field, [got, want]] of Object.entries(pairs)) {
    if (got !== want) return refuse('certificate-mismatch', { task: taskId, field, got, want });
  }
  return undefined;
}

function otherDefinition(
  document: Document,
  { taskId: task, definition }: Subject,
  allowed: AllowedKeys,
): Refusal | undefined {
  const [signed, told] = [document.task, definition].map((one) =>
    withBothPools(lasting(one, allowed)),
  );
  const field = difference(signed, told);
  if (field === undefined) return undefined;
  return unknownField(task, field) ?? refuse('definition-mismatch', { task, field });
}

/** Where a definition differs in what Taskcluster has begun to write: not the task is wrong, but this program is older. */
export function unknownField(task: TaskId, field: string): Refusal | undefined {
  const [key = field] = field.split('.');
  if (definitionKeys.has(key)) return undefined;
  return refuse('unknown-key', { task, key: key.slice(0, 64), setting: 'definition' });
}

/**
 * What of a definition stays as it was created. Its priority says when it runs, nothing more, and whoever keeps the queue
 * may change it at any time (`queue.changeTaskPriority`). What the policy allows besides proves nothing either.
 */
export function lasting(
  definition: Readonly<Record<string, unknown>>,
  { definition: allowed = [] }: AllowedKeys,
): Readonly<Record<string, unknown>> {
  const passing = new Set(['priority', ...allowed]);
  return Object.fromEntries(Object.entries(definition).filter(([key]) => !passing.has(key)));
}

/** Older workers and queues name the pool in one way only; here both ways stand in each. */
function withBothPools(
  definition: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { provisionerId, workerType, taskQueueId } = definition;
  const [first, second] = String(taskQueueId).split('/');
  const taken = {
    provisionerId: first,
    workerType: second,
    taskQueueId: `${String(provisionerId)}/${String(workerType)}`,
  };
  return { ...taken, ...definition };
}

function unreadable({ taskId }: Subject, problem: string): Refusal {
  return refuse('bad-certificate', { task: taskId, problem });
}
