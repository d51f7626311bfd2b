import { addAbortListener } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ReadArchive } from '../archive/contents.ts';
import type { ArchiveLimits } from '../archive/limits.ts';
import { PromotionError, refuse } from '../domain/errors.ts';
import type { Contents } from '../domain/plan.ts';
import type { Bytes } from '../ports.ts';
import { Bell } from './bell.ts';
import { CompressorFailure } from './compressor.ts';
import type { AnnouncedLayer, Filled, FromThread, Order, Packed, ToThread } from './protocol.ts';
import { watchProcessor } from './processor.ts';
import { plainZlib, type CompressorSetting } from './setting.ts';
import { freeSlots, makeSlots, slotOf } from './slots.ts';
import { stoppable } from './stoppable.ts';

/**
 * Where the compile cache lacks a module, Node strips its types in WebAssembly, in each thread anew, and V8 keeps the
 * compiled ways out of it for all threads together. Now and then it frees one that another thread has freed, and ends
 * the process. Without so many calls it compiles none, and has none to free.
 * @see https://github.com/nodejs/node/issues/64500
 */
setFlagsFromString('--wasm-wrapper-tiering-budget=2147483647');

export interface PackOptions {
  readonly limits: ArchiveLimits;
  readonly compressor: CompressorSetting;
  /** Ends it at once, however long `bytes` takes. */
  readonly signal: AbortSignal;
}

/** What becomes of the layers. */
export interface PackTo {
  /**
   * Where the layer goes, packed. Awaited before any of it is read. With `undefined` it only passes, and the diffID that
   * its name claims is not proven: for archives of which every layer was proven before.
   */
  readonly onLayer: (layer: AnnouncedLayer) => Promise<Sink | undefined>;
  /** Uncompressed bytes of a layer that are done. */
  readonly onDone: (index: number, bytes: number) => void;
  /** So many bytes of the archive came. */
  readonly onRead: (bytes: number) => void;
}

/** Takes one packed layer. */
export interface Sink {
  /** Resolves when there is room for more. The bytes are the sink's own until it lets them go. */
  add(piece: Uint8Array, letGo: () => void): Promise<void>;
  finish(packed: Packed): void;
}

/** The thread’s half of an order; the memory is made for each. */
type Job = Omit<Order, 'intake' | 'outlet'>;

/** Bytes of a slot, and how many: on their way in, and on their way out until the registry has confirmed them. */
const intakeSlots = [256 * 1024, 8] as const;
const outletSlots = [512 * 1024, 56] as const;

const { NODE_COMPILE_CACHE } = process.env;
/**
 * All that the thread knows of the environment: where compiled code is kept. Without it each thread would compile its
 * modules anew, and load a compiler for that: half of its start and 20 MiB. (`undefined` Node would take for a folder.)
 */
const threadEnv = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** Milliseconds of a processor that an archive may take, unless told otherwise: real ones take seconds. */
const processorTime = 10 * 60_000;

/** How long a thread that was told to stop may take to end its child, in milliseconds. */
const patience = 2000;

/**
 * Reads an image archive to its end in a thread of its own and packs its layers as a registry takes them. Throws what
 * {@link readArchive} throws, a {@link CompressorFailure}, and whatever `bytes` or a sink throws.
 */
export async function packArchive(
  bytes: Bytes,
  options: PackOptions,
  to: PackTo,
): Promise<ReadArchive> {
  const { signal, ...order } = options;
  return await inThread({ ...order, job: 'pack' }, { bytes, onRead: to.onRead }, async (thread) => {
    // Not only while bytes come: a compressor may hang when it has them all.
    using _ = addAbortListener(signal, () => thread.fail(signal.reason));
    let sink: Sink | undefined;
    for (;;) {
      const message = await thread.next();
      if (message.say === 'archive') return message.archive;
      if (message.say === 'layer') {
        sink = await to.onLayer(message.layer);
        thread.tell({ say: 'layer', pack: sink !== undefined });
      } else if (message.say === 'done') to.onDone(message.index, message.bytes);
      else if (message.say === 'piece') {
        const { slot } = message.filled;
        await sink?.add(thread.piece(message.filled), () => thread.tell({ say: 'emptied', slot }));
      } else if (message.say === 'packed') sink?.finish(message.packed);
    }
  });
}

/** Reads an image archive to its end in a thread of its own and tells what it holds. */
export async function inspectArchive(bytes: Bytes, limits: ArchiveLimits): Promise<Contents> {
  const job: Job = { job: 'inspect', limits, compressor: plainZlib };
  return await inThread(job, { bytes }, async (thread) => {
    for (;;) {
      const message = await thread.next();
      if (message.say === 'contents') return message.contents;
    }
  });
}

interface Source {
  readonly bytes: Bytes;
  readonly onRead?: PackTo['onRead'];
}

async function inThread<T>(
  job: Job,
  { bytes, onRead = () => undefined }: Source,
  converse: (thread: Thread) => Promise<T>,
): Promise<T> {
  const thread = new Thread(job);
  const over = new AbortController();
  const stopWatching = thread.bound(job.limits.processor ?? processorTime);
  // Whatever fails first ends the other side, too.
  const fed = thread
    .feed(stoppable(bytes, over.signal, onRead))
    .catch((error: unknown) => thread.fail(error));
  try {
    const result = await converse(thread);
    await fed;
    return result;
  } finally {
    over.abort();
    stopWatching();
    await thread.end();
  }
}

/** The main thread's side of the conversation. */
class Thread {
  readonly #worker: Worker;
  readonly #arrived: FromThread[] = [];
  readonly #intake = makeSlots(...intakeSlots);
  readonly #outlet = makeSlots(...outletSlots);
  readonly #free = freeSlots(this.#intake);
  readonly #bell = new Bell();
  readonly #exited: Promise<unknown>;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(job: Job) {
    const order: Order = { ...job, intake: this.#intake, outlet: this.#outlet };
    this.#worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: order,
      env: threadEnv,
      execArgv: [],
      // Bytes pass; of what they leave behind little survives.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (message: FromThread) => this.#take(message));
    this.#worker.on('error', (error) => this.fail(error));
    this.#exited = new Promise((resolve) => this.#worker.on('exit', resolve));
    void this.#exited.then(() => this.fail(new Error('The packing thread ended by itself')));
  }

  tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  piece({ slot, length }: Filled): Uint8Array {
    return slotOf(this.#outlet, slot, length);
  }

  /** Fails where it takes more milliseconds of a processor. Gives how to stop looking. */
  bound(limit: number): () => void {
    const seconds = String(limit / 1000);
    return watchProcessor(this.#worker, limit, () =>
      this.fail(new PromotionError(refuse('archive-too-slow', { seconds }))),
    );
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#bell.ring();
  }

  async next(): Promise<FromThread> {
    for (;;) {
      const message = this.#arrived.shift();
      if (message?.say === 'refused') {
        const { refusal, cause } = message;
        throw new PromotionError(refusal, { cause });
      }
      if (message?.say === 'compressor-failed') throw new CompressorFailure(message.problem);
      if (message) return message;
      if (this.#failure) throw this.#failure.error;
      await this.#bell.rung();
    }
  }

  /** Gives it all bytes, as fast as it takes them. */
  async feed(bytes: Bytes): Promise<void> {
    let filled: Filled | undefined;
    for await (const chunk of bytes) {
      for (let at = 0; at < chunk.length;) {
        const { slot, length } = filled ?? { slot: await this.#emptied(), length: 0 };
        if (slot === undefined) return;
        const part = chunk.subarray(at, at + this.#intake.size - length);
        slotOf(this.#intake, slot).set(part, length);
        at += part.length;
        filled = { slot, length: length + part.length };
        if (filled.length < this.#intake.size) continue;
        this.tell({ say: 'bytes', filled });
        filled = undefined;
      }
    }
    if (filled) this.tell({ say: 'bytes', filled });
    this.tell({ say: 'end' });
  }

  /** A slot that may be filled; `undefined` where it is over. */
  async #emptied(): Promise<number | undefined> {
    for (;;) {
      const slot = this.#free.pop();
      if (slot !== undefined || this.#isOver) return slot;
      await this.#bell.rung();
    }
  }

  /** Ends it, with whatever child it has. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#bell.ring();
    this.tell({ say: 'stop' });
    await Promise.race([this.#exited, sleep(patience, undefined, { ref: false })]);
    await this.#worker.terminate();
  }

  #take(message: FromThread): void {
    if (message.say === 'emptied') this.#free.push(message.slot);
    else this.#arrived.push(message);
    this.#bell.ring();
  }
}
