/**
 * Memory that both threads see, in slots of one size: one side fills a slot and says so, the other one empties it and
 * says so. Made once and used over and over, it gives the garbage collectors nothing to do.
 */
export interface Slots {
  readonly memory: SharedArrayBuffer;
  /** Bytes of a slot. */
  readonly size: number;
}

export function makeSlots(size: number, count: number): Slots {
  return { memory: new SharedArrayBuffer(size * count), size };
}

/** The bytes of a slot, up to `length`. */
export function slotOf({ memory, size }: Slots, slot: number, length = size): Uint8Array {
  return new Uint8Array(memory, slot * size, length);
}

/** Those that may be filled, the one that was emptied last first: its memory is still at hand. */
export function freeSlots({ memory, size }: Slots): number[] {
  return Array.from({ length: memory.byteLength / size }, (_, slot) => slot).toReversed();
}
