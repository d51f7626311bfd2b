import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createInspect } from '../src/archive/inspect.ts';
import type { ArtifactFacts, Contents } from '../src/domain/plan.ts';
import { digestFromHex } from '../src/domain/reference.ts';
import { checked } from '../src/taskcluster/checked.ts';
import { builtWith } from './build.ts';

/** Unpacked bytes that the bench's archives stay below. */
const limits = { unpacked: 8 * 1024 ** 3 };

/**
 * Packs an archive as Taskcluster's workers do, one zstd frame without a checksum, and reads it once as the bot does for
 * its plan.
 */
export async function pack(
  archive: AsyncIterable<Uint8Array>,
  file: string,
  level: number,
): Promise<{ facts: ArtifactFacts; contents: Contents }> {
  const zstd = spawn('zstd', ['-q', `-${level}`, '-T0', '--no-check', '-c'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const hash = createHash('sha256');
  const ended = once(zstd, 'close');
  await Promise.all([
    pipeline(archive, zstd.stdin),
    pipeline(
      zstd.stdout,
      async function* (bytes: AsyncIterable<Uint8Array>) {
        for await (const chunk of bytes) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file),
    ),
  ]);
  await ended;
  if (zstd.exitCode !== 0) throw new Error(`zstd ended with ${zstd.exitCode}`);
  let facts: ArtifactFacts | undefined;
  const bytes = checked(createReadStream(file, { highWaterMark: 1024 * 1024 }), {
    build: builtWith(digestFromHex(hash.digest('hex'))),
    approved: undefined,
    onEnd: (passed) => (facts = passed),
  });
  const contents = await createInspect(limits)(bytes);
  if (!facts) throw new Error('The archive was not read to its end');
  return { facts, contents };
}
