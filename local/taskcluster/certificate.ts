import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { TaskDefinition } from './definition.ts';
import type { StoredArtifact, StoredRun } from './world.ts';

/** `public/chain-of-trust.json` as generic-worker writes it. Not read-only: whoever makes a bad one changes a good one. */
export interface Certificate {
  chainOfTrustVersion: unknown;
  artifacts: Record<string, Record<string, unknown>>;
  task: TaskDefinition;
  taskId: string;
  runId: unknown;
  workerGroup: string;
  workerId: string;
  environment: Record<string, unknown>;
}

/** What is certified. */
export interface Certified {
  readonly definition: TaskDefinition;
  readonly taskId: string;
  readonly run: StoredRun | undefined;
  /** By artifact, in hex. */
  readonly sha256s: Readonly<Record<string, string>>;
}

/** Its keys are in order, as generic-worker writes them. @see https://docs.taskcluster.net/docs/manual/using/chain-of-trust */
export function certify({ definition, taskId, run, sha256s }: Certified): Certificate {
  return inOrder({
    chainOfTrustVersion: 1,
    artifacts: Object.fromEntries(
      Object.entries(sha256s).map(([name, sha256]) => [name, { sha256 }]),
    ),
    task: definition,
    taskId,
    runId: run?.runId ?? 0,
    workerGroup: run?.workerGroup ?? 'nowhere',
    workerId: run?.workerId ?? 'nobody',
    environment: {
      privateIpAddress: '10.128.0.7',
      publicIpAddress: '203.0.113.7',
      instanceId: '4612345678901234567',
      instanceType: 'projects/1/machineTypes/c2-standard-16',
      region: 'us-central1',
      imageHash: `sha256:${'7d'.repeat(32)}`,
    },
  }) as Certificate;
}

/** A copy whose keys are sorted, at every depth. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, inOrder(member)]),
  );
}

/** The certificate and its signature as artifacts; without the latter where there is none. */
export function certificateArtifacts(
  document: Uint8Array,
  signature: Uint8Array | undefined,
  expires: string,
): readonly StoredArtifact[] {
  const contentType = 'text/plain; charset=utf-8';
  const artifacts: StoredArtifact[] = [
    { ...gzipped('public/chain-of-trust.json', document, expires), contentType },
  ];
  if (signature) artifacts.push(gzipped('public/chain-of-trust.json.sig', signature, expires));
  return artifacts;
}

/** Small files are stored compressed, whatever they are; `.zst` is not. */
export function gzipped(name: string, bytes: Uint8Array, expires: string): StoredArtifact {
  const contentType = name.endsWith('.json') ? 'application/json' : 'application/octet-stream';
  const content = gzipSync(bytes);
  const kept = { content, contentLength: bytes.length, contentEncoding: 'gzip' } as const;
  return { name, storageType: 's3', contentType, expires, ...kept };
}

/** As workers write JSON: two spaces, no newline at the end. */
export function encode(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(JSON.stringify(value, undefined, 2));
}

/** In hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
