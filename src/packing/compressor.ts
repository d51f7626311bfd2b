import type { Bytes } from '../ports.ts';

/** Makes one gzip file out of bytes. The same bytes give the same file, however they are cut into chunks. */
export interface Compressor {
  /** A piece is good until the next one is asked for. */
  compress(bytes: Bytes): AsyncIterable<Uint8Array>;
}

/** The compressor did not do its work. The layer may be packed by another one. */
export class CompressorFailure extends Error {
  override readonly name = 'CompressorFailure';
}
