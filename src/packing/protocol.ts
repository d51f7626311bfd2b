import type { ReadArchive } from '../archive/contents.ts';
import type { LayerStream } from '../archive/layer.ts';
import type { ArchiveLimits } from '../archive/limits.ts';
import type { Refusal } from '../domain/errors.ts';
import type { Contents } from '../domain/plan.ts';
import type { Digest } from '../domain/reference.ts';
import type { CompressorSetting } from './setting.ts';
import type { Slots } from './slots.ts';

/** What a thread is made for. */
export interface Order {
  readonly job: 'inspect' | 'pack';
  readonly limits: ArchiveLimits;
  readonly compressor: CompressorSetting;
  /** The archive's bytes on their way in. */
  readonly intake: Slots;
  /** Packed bytes on their way out, and those that the registry has not confirmed yet. */
  readonly outlet: Slots;
}

/** A slot of one of the two memories that both threads see; its first `length` bytes count. */
export interface Filled {
  readonly slot: number;
  readonly length: number;
}

/** A layer as its header announces it, before its bytes. */
export type AnnouncedLayer = Omit<LayerStream, 'bytes' | 'unhashed'>;

/** A packed layer that has been handed over whole, and is what its name claims. */
export interface Packed {
  readonly digest: Digest;
  /** Compressed bytes. */
  readonly size: number;
}

/** What the thread is told. */
export type ToThread =
  | { readonly say: 'bytes'; readonly filled: Filled }
  | { readonly say: 'end' }
  /** What becomes of the layer that was announced: it is packed, or only passes. */
  | { readonly say: 'layer'; readonly pack: boolean }
  /** A piece is not needed any more: its slot may be filled again. */
  | { readonly say: 'emptied'; readonly slot: number }
  | { readonly say: 'stop' };

/** What the thread tells. */
export type FromThread =
  /** A slot of the archive’s bytes may be filled again. */
  | { readonly say: 'emptied'; readonly slot: number }
  | { readonly say: 'layer'; readonly layer: AnnouncedLayer }
  /** Uncompressed bytes of the layer that are done. */
  | { readonly say: 'done'; readonly index: number; readonly bytes: number }
  | { readonly say: 'piece'; readonly filled: Filled }
  | { readonly say: 'packed'; readonly packed: Packed }
  | { readonly say: 'archive'; readonly archive: ReadArchive }
  | { readonly say: 'contents'; readonly contents: Contents }
  | { readonly say: 'refused'; readonly refusal: Refusal; readonly cause: unknown }
  | { readonly say: 'compressor-failed'; readonly problem: string };
