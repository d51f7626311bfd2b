import { createHash } from 'node:crypto';
import { fail } from '../domain/errors.ts';
import type { ArtifactFacts, TrustedBuild } from '../domain/plan.ts';
import type { Bytes } from '../ports.ts';
import { digestFromHex } from '../domain/reference.ts';

/** Distance of the checkpoints, and with it the most bytes that are held back. */
const checkpointEvery = 4 * 1024 * 1024;

export interface Checking {
  readonly build: TrustedBuild;
  /** What was approved: nothing is released before the prefix it belongs to has matched. */
  readonly approved: ArtifactFacts | undefined;
  readonly onEnd: (facts: ArtifactFacts) => void;
}

/**
 * Passes bytes on and hashes them. Without `approved` they pass as they come, and only the end tells whether they were
 * the signed ones. With it they are held until their checkpoint has matched, so that whoever reads them never sees a
 * byte that was not approved.
 */
export async function* checked(
  bytes: Bytes,
  { build, approved, onEnd }: Checking,
): Bytes & AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const checkpoints: string[] = [];
  let size = 0;
  let held: Uint8Array[] = [];
  for await (const chunk of bytes) {
    for (const piece of cutAtCheckpoints(chunk, size)) {
      hash.update(piece);
      size += piece.length;
      held.push(piece);
      if (size % checkpointEvery === 0) {
        const checkpoint = hash.copy().digest('hex');
        if (approved && approved.checkpoints[checkpoints.length] !== checkpoint) {
          changed(`within its first ${size} bytes`);
        }
        checkpoints.push(checkpoint);
      } else if (approved) {
        continue;
      }
      yield* held;
      held = [];
    }
  }
  const facts = { size, sha256: digestFromHex(hash.digest('hex')), checkpoints };
  if (approved && (facts.sha256 !== approved.sha256 || size !== approved.size)) {
    changed(size === approved.size ? 'near its end' : `${size} bytes, not ${approved.size}`);
  }
  if (facts.sha256 !== build.artifact.sha256) {
    fail('artifact-hash', { artifact: build.artifact.name, task: build.taskId });
  }
  onEnd(facts);
  yield* held;
}

function* cutAtCheckpoints(chunk: Uint8Array, before: number): Generator<Uint8Array> {
  let start = 0;
  while (start < chunk.length) {
    const room = checkpointEvery - ((before + start) % checkpointEvery);
    yield chunk.subarray(start, start + room);
    start += room;
  }
}

function changed(problem: string): never {
  return fail('changed-artifact', { problem });
}
