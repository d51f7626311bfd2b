import { constants, createZstdDecompress } from 'node:zlib';
import { PromotionError, refuse } from '../domain/errors.ts';
import type { Bytes } from '../ports.ts';
import { decoded, isDecoderError, pace } from './decoder.ts';
import type { Meter } from './limits.ts';
import { windowLog, ZstdFault, ZstdFrame } from './zstd-frame.ts';

/**
 * Unpacks the one zstd frame that an archive is. Leaving early closes `source`; an error of `source` comes through as it
 * is. Throws `archive-zstd` where the frame is not sound, not whole or not alone, and whatever `meter` throws.
 */
export async function* unzstd(source: Bytes, meter: Meter): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of oneFrame(counted(source, meter))) {
      meter.gave(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof ZstdFault)) throw error;
    throw new PromotionError(refuse('archive-zstd', { problem: error.message }), { cause: error });
  }
}

/**
 * Unpacks one zstd frame bit by bit. A chunk is good until the next one is asked for. Throws a {@link ZstdFault}; an
 * error of `source` comes through as it is.
 */
export async function* oneFrame(source: Bytes): AsyncGenerator<Uint8Array> {
  const params = { [constants.ZSTD_d_windowLogMax]: windowLog };
  try {
    yield* decoded(walked(source), createZstdDecompress({ ...pace, params }));
  } catch (error) {
    if (!isDecoderError(error)) throw error;
    throw new ZstdFault(
      /checksum/i.test(error.message) ? 'its checksum is wrong' : 'it is damaged',
    );
  }
}

async function* walked(source: Bytes): AsyncGenerator<Uint8Array> {
  const frame = new ZstdFrame();
  for await (const chunk of source) {
    frame.take(chunk);
    yield chunk;
  }
  frame.end();
}

async function* counted(source: Bytes, meter: Meter): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    meter.took(chunk.length);
    yield chunk;
  }
}
