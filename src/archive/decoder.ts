import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import type { Bytes } from '../ports.ts';
import { release } from './release.ts';

/**
 * Bytes that a decoder gives at once, and how many chunks it may be ahead: it works on while the last ones are being
 * hashed. As objects: read as bytes, all that is waiting would be copied into one.
 */
export const pace = {
  chunkSize: 512 * 1024,
  readableObjectMode: true,
  readableHighWaterMark: 4,
};

/**
 * Runs bytes through a decoder of `node:zlib`. A chunk is good until the next one is asked for: then it is empty.
 * Leaving early closes `source` and leaves the last chunk as it is, as a socket may still be reading it; an error of
 * `source` comes through as it is, one of the decoder is told by {@link isDecoderError}.
 */
export async function* decoded(source: Bytes, decoder: Transform): AsyncGenerator<Uint8Array> {
  let failure: { readonly error: unknown } | undefined;
  const watched = async function* () {
    try {
      yield* source;
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  // Whatever goes wrong in here destroys the decoder with that error, and so reaches the loop below.
  const feeding = pipeline(watched, decoder).catch(() => undefined);
  try {
    for await (const chunk of decoder as AsyncIterable<Uint8Array>) {
      const { buffer, byteOffset, length } = chunk;
      yield chunk;
      // While chunks are at hand the event loop does not come round, and only there the decoder is told to go on.
      await turn();
      // It fills a buffer from the beginning to the end, and with its last chunk it has let go of it.
      if (byteOffset + length === buffer.byteLength) release(chunk);
    }
  } catch (error) {
    throw failure ? failure.error : new DecoderError(error);
  }
  // A decoder may be done before its source is: nobody else reads the source until this has let go of it.
  await feeding;
}

/** Whether these bytes begin like gzip. */
export function looksLikeGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Whether these bytes begin like a zstd frame. */
export function looksLikeZstd(bytes: Uint8Array): boolean {
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;
}

/** Unpacks gzip, of one member or many; see {@link decoded}. */
export function gunzip(source: Bytes): AsyncGenerator<Uint8Array> {
  return decoded(source, createGunzip(pace));
}

/** Whether an error is a decoder's verdict on what it was fed with, and not an error of what it was fed from. */
export function isDecoderError(error: unknown): error is Error {
  return error instanceof DecoderError;
}

class DecoderError extends Error {
  override readonly name = 'DecoderError';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : 'it cannot be decoded', { cause });
  }
}
