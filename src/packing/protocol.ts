import type { ReadArchive } from '../archive/archive.ts';
import type { LayerStream } from '../archive/layer.ts';
import type { ArchiveLimits } from '../archive/limits.ts';
import type { Refusal } from '../errors.ts';
import type { Contents } from '../plan.ts';
import type { Digest } from '../reference.ts';
import type { CompressorSetting } from './setting.ts';

/** What a thread is made for. */
export interface Order {
  readonly job: 'inspect' | 'pack';
  readonly limits: ArchiveLimits;
  readonly compressor: CompressorSetting;
}

/** A buffer that changes hands with its message: the first `length` bytes count. */
export interface Filled {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

/** A layer as its header announces it, before its bytes. */
export type AnnouncedLayer = Omit<LayerStream, 'bytes'>;

/** A packed layer that has been handed over whole. */
export interface Packed {
  readonly digest: Digest;
  /** Compressed bytes. */
  readonly size: number;
}

/** What the thread is told. */
export type ToThread =
  | { readonly say: 'bytes'; readonly filled: Filled }
  | { readonly say: 'end' }
  /** What becomes of the layer that was announced: it is packed, or only proven. */
  | { readonly say: 'layer'; readonly pack: boolean }
  /** A piece has found its place: there is room for another. */
  | { readonly say: 'taken' }
  /** Its bytes are not needed any more: an empty buffer, to be filled again. */
  | { readonly say: 'emptied'; readonly buffer: ArrayBuffer }
  | { readonly say: 'stop' };

/** What the thread tells. */
export type FromThread =
  /** An empty buffer, to be filled again. */
  | { readonly say: 'emptied'; readonly buffer: ArrayBuffer }
  | { readonly say: 'layer'; readonly layer: AnnouncedLayer }
  /** Uncompressed bytes of the layer that are done. */
  | { readonly say: 'done'; readonly index: number; readonly bytes: number }
  | { readonly say: 'piece'; readonly filled: Filled }
  | { readonly say: 'packed'; readonly packed: Packed }
  | { readonly say: 'archive'; readonly archive: ReadArchive }
  | { readonly say: 'contents'; readonly contents: Contents }
  | { readonly say: 'refused'; readonly refusal: Refusal; readonly cause: unknown }
  | { readonly say: 'compressor-failed'; readonly problem: string };

/** Bytes of a buffer that goes in, and how many are on their way. */
export const intake = { size: 256 * 1024, buffers: 8 } as const;
/** Bytes of a buffer that comes out, and how many may be waiting for a place. */
export const outlet = { size: 512 * 1024, buffers: 8 } as const;
