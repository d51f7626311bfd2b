import { constants, createZstdDecompress } from 'node:zlib';
import { PromotionError, refuse } from '../errors.ts';
import type { Bytes } from '../ports.ts';
import { decoded, isDecoderError, pace } from './decoder.ts';
import type { Meter } from './limits.ts';
import { windowLog, ZstdFrame } from './zstd-frame.ts';

/**
 * Unpacks one zstd frame bit by bit. A chunk is good until the next one is asked for. Leaving early closes `source`; an error of
 * `source` comes through as it is. Throws `archive-zstd` where the frame is not sound, not whole or not alone, and
 * whatever `meter` throws.
 */
export async function* unzstd(source: Bytes, meter: Meter): AsyncGenerator<Uint8Array> {
  const params = { [constants.ZSTD_d_windowLogMax]: windowLog };
  try {
    const decoder = createZstdDecompress({ ...pace, params });
    for await (const chunk of decoded(walked(source, meter), decoder)) {
      meter.gave(chunk.length);
      yield chunk;
    }
  } catch (error) {
    if (!isDecoderError(error)) throw error;
    const problem = /checksum/i.test(error.message) ? 'its checksum is wrong' : 'it is damaged';
    throw new PromotionError(refuse('archive-zstd', { problem }), { cause: error });
  }
}

async function* walked(source: Bytes, meter: Meter): AsyncGenerator<Uint8Array> {
  const frame = new ZstdFrame();
  for await (const chunk of source) {
    frame.take(chunk);
    meter.took(chunk.length);
    yield chunk;
  }
  frame.end();
}
