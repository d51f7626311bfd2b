import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { fail } from '../domain/errors.ts';
import { requestArtifact, unexpected, type Source } from './artifact.ts';
import { repeat, withinTime } from './http.ts';
import type { ArtifactName } from './metadata.ts';

type Body = Dispatcher.ResponseData['body'];

/**
 * Reads a small artifact whole, as it was on the worker's disk. `undefined` where there is none. `limit` in bytes.
 * Throws what {@link passArtifact} throws.
 */
export function readArtifact(
  source: Source,
  artifact: ArtifactName,
  limit: number,
): Promise<Uint8Array | undefined> {
  return passArtifact(source, { artifact, limit }, async (bytes) =>
    Buffer.concat(await Array.fromAsync(bytes)),
  );
}

/**
 * Lets an artifact's bytes pass as they were on the worker's disk: text is stored gzipped. `consume` begins anew where the
 * connection broke. `undefined` where there is no such artifact. `limit` in bytes, stored and unpacked. Throws what
 * {@link requestArtifact} throws, `taskcluster-unreachable`, `artifact-encoding` and `artifact-too-large`.
 */
export function passArtifact<T>(
  source: Source,
  { artifact, limit }: { readonly artifact: ArtifactName; readonly limit: number },
  consume: (bytes: AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<T | undefined> {
  const what = `the request for ${artifact.name} of ${artifact.taskId}`;
  return withinTime(source.http, what, (signal) =>
    repeat(source.http, { what, signal }, async () => {
      const response = await requestArtifact(source, artifact, { signal });
      if (!response || 'again' in response) return response;
      if (response.statusCode !== 200) return unexpected(artifact, response, 'it is only a part');
      return { passed: await consume(decoded(artifact, response, limit)) };
    }),
  ).then((outcome) => outcome?.passed);
}

function decoded(
  artifact: ArtifactName,
  { body, headers }: Dispatcher.ResponseData,
  limit: number,
): AsyncIterable<Uint8Array> {
  const { 'content-encoding': encoding = 'identity' } = headers;
  const stored = limited(artifact, body, limit);
  if (encoding === 'identity') return stored;
  if (encoding === 'gzip') return limited(artifact, gunzipped(artifact, stored), limit);
  body.destroy();
  return wrongEncoding(artifact, String(encoding).slice(0, 40));
}

async function* limited(
  { name, taskId }: ArtifactName,
  bytes: Body | AsyncIterable<Uint8Array>,
  limit: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) {
      fail('artifact-too-large', { artifact: name, task: taskId, limit: `${limit} bytes` });
    }
    yield chunk;
  }
}

async function* gunzipped(
  artifact: ArtifactName,
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  // What breaks on the way in comes out of the stream below.
  pipeline(stored, gunzip).catch(() => {});
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('Z_')) wrongEncoding(artifact, 'gzip, but is not gzip');
    throw error;
  } finally {
    gunzip.destroy();
  }
}

function wrongEncoding({ name, taskId }: ArtifactName, encoding: string): never {
  return fail('artifact-encoding', { artifact: name, task: taskId, encoding });
}
