import { Bell } from '../packing/bell.ts';

/** How many compressed bytes are kept, of one upload and of all. */
export interface Room {
  readonly bell: Bell;
  /** Bytes that one upload may keep. */
  readonly each: number;
  /** Bytes that all uploads together may keep. */
  readonly all: number;
  used: number;
}

/** Bytes of a chunk. */
export interface ChunkSizes {
  readonly least: number;
  readonly most: number;
}

/** Below 5 MiB a registry on S3 has to rewrite what it holds already; what is on its way is kept in memory. */
export const defaultChunks: ChunkSizes = { least: 5 * 1024 ** 2, most: 16 * 1024 ** 2 };

/** What registries and the proxies before them take that refuse larger requests: GitHub's 4 MiB, nginx 1 MiB. */
const smaller: readonly ChunkSizes[] = [4, 1].map((mebibytes) => {
  const size = mebibytes * 1024 ** 2;
  return { least: size, most: size };
});

/** What to try where chunks of that size were refused: all of it in one request at last. */
export function smallerThan({ most }: ChunkSizes): ChunkSizes | 'stream' {
  return smaller.find((sizes) => sizes.most < most) ?? 'stream';
}

/** Room for one chunk on its way and half of the next one, whoever's they are. */
export function roomFor(chunks: ChunkSizes | 'stream'): Room {
  const most = chunks === 'stream' ? defaultChunks.least : chunks.most;
  return { bell: new Bell(), each: 1.5 * most, all: 1.5 * most, used: 0 };
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly letGo: (() => void) | undefined;
}

/**
 * The bytes of a blob that the registry has not confirmed yet: all that is kept of it. Offsets count from the blob's
 * beginning. Adding waits for room, which is the back-pressure of the whole push.
 */
export class Window {
  readonly #room: Room;
  #pieces: Piece[] = [];
  #start = 0;
  #end = 0;
  #isEnded = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** The first byte that is kept: everything before it is confirmed. */
  get start(): number {
    return this.#start;
  }

  /** Where the next byte will go. */
  get end(): number {
    return this.#end;
  }

  /** Nothing more will be added. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  async add(bytes: Uint8Array, letGo?: () => void): Promise<void> {
    const room = this.#room;
    while (this.#end - this.#start >= room.each || room.used >= room.all) {
      this.#check();
      await room.bell.rung();
    }
    this.#check();
    this.#pieces.push({ bytes, letGo });
    this.#end += bytes.length;
    room.used += bytes.length;
    room.bell.ring();
  }

  finish(): void {
    this.#isEnded = true;
    this.#room.bell.ring();
  }

  /** Lets go of everything; whoever adds or waits gets the error. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#room.used -= this.#end - this.#start;
    this.#start = this.#end;
    this.#pieces = [];
    this.#room.bell.ring();
  }

  /** Waits until so many bytes are kept, or there will be no more. */
  async filled(bytes: number): Promise<void> {
    for (;;) {
      this.#check();
      if (this.#isEnded || this.#end - this.#start >= bytes) return;
      await this.#room.bell.rung();
    }
  }

  /** Where a chunk of at most so many bytes would end. */
  upTo(bytes: number): number {
    return Math.min(this.#start + bytes, this.#end);
  }

  /** The kept bytes up to there. May be asked again as long as they are not confirmed. */
  *slice(to: number): Generator<Uint8Array> {
    let at = this.#start;
    for (const { bytes } of this.#pieces.slice()) {
      if (at >= to) return;
      yield bytes.subarray(0, to - at);
      at += bytes.length;
    }
  }

  /** The registry has everything before `offset`: forget it. */
  confirm(offset: number): void {
    this.#room.used -= offset - this.#start;
    while (this.#start < offset) {
      const piece = this.#pieces.shift();
      if (!piece) break;
      const { bytes, letGo } = piece;
      const rest = bytes.subarray(offset - this.#start);
      this.#start = Math.min(offset, this.#start + bytes.length);
      if (rest.length > 0) this.#pieces.unshift({ bytes: rest, letGo });
      else letGo?.();
    }
    this.#room.bell.ring();
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** The kept bytes up to there, as a request's body; tells how far it got. */
export async function* sending(
  window: Window,
  to: number,
  onSent: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let at = window.start;
  for (const piece of window.slice(to)) {
    yield piece;
    at += piece.length;
    onSent(at);
  }
}
