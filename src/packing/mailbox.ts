import type { MessagePort } from 'node:worker_threads';
import { Bell } from './bell.ts';
import type { AnnouncedLayer, Filled, FromThread, Order, ToThread } from './protocol.ts';
import { freeSlots, slotOf } from './slots.ts';

/** The thread's side of its conversation with the main one. */
export class Mailbox {
  readonly #port: MessagePort;
  readonly #order: Pick<Order, 'intake' | 'outlet'>;
  readonly #arrived: Filled[] = [];
  #isEnded = false;
  readonly #stop = new AbortController();
  #answer: boolean | undefined;
  readonly #free: number[];
  /** The piece that fills. */
  #piece: Filled | undefined;
  readonly #bell = new Bell();
  /** Milliseconds without room for what was to be handed over. */
  #waited = 0;

  constructor(port: MessagePort, order: Pick<Order, 'intake' | 'outlet'>) {
    this.#port = port;
    this.#order = order;
    this.#free = freeSlots(order.outlet);
    port.on('message', (message: ToThread) => this.#take(message));
  }

  /** Aborted when nobody waits for the result any more. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  tell(message: FromThread): void {
    this.#port.postMessage(message);
  }

  /** The archive's bytes as they arrive. A chunk is good until the one after the next is asked for. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    let last: number | undefined;
    for (;;) {
      const filled = this.#arrived.shift();
      if (filled) {
        yield slotOf(this.#order.intake, filled.slot, filled.length);
        // A decoder that has asked for the next one may still be reading this one.
        if (last !== undefined) this.tell({ say: 'emptied', slot: last });
        last = filled.slot;
      } else if (this.#isEnded) return;
      else await this.#change();
    }
  }

  /** Asks what is to become of the next layer: `true` where it is to be packed. */
  async announce(layer: AnnouncedLayer): Promise<boolean> {
    this.#answer = undefined;
    this.tell({ say: 'layer', layer });
    while (this.#answer === undefined) await this.#change();
    return this.#answer;
  }

  /** Hands packed bytes over; waits where there is no room for them, and gives for how many milliseconds. */
  async hand(bytes: Uint8Array): Promise<number> {
    const { outlet } = this.#order;
    const before = this.#waited;
    for (let at = 0; at < bytes.length;) {
      const { slot, length } = this.#piece ?? { slot: await this.#emptied(), length: 0 };
      const part = bytes.subarray(at, at + outlet.size - length);
      slotOf(outlet, slot).set(part, length);
      at += part.length;
      this.#piece = { slot, length: length + part.length };
      if (this.#piece.length === outlet.size) this.flush();
    }
    return this.#waited - before;
  }

  /** Hands over what is left. */
  flush(): void {
    if (this.#piece) this.tell({ say: 'piece', filled: this.#piece });
    this.#piece = undefined;
  }

  close(): void {
    this.#port.close();
  }

  async #emptied(): Promise<number> {
    for (;;) {
      const slot = this.#free.pop();
      if (slot !== undefined) return slot;
      const begun = performance.now();
      await this.#change();
      this.#waited += performance.now() - begun;
    }
  }

  #take(message: ToThread): void {
    if (message.say === 'bytes') this.#arrived.push(message.filled);
    else if (message.say === 'end') this.#isEnded = true;
    else if (message.say === 'layer') this.#answer = message.pack;
    else if (message.say === 'emptied') this.#free.push(message.slot);
    else this.#stop.abort(new Stopped());
    this.#bell.ring();
  }

  async #change(): Promise<void> {
    if (!this.stopped.aborted) await this.#bell.rung();
    this.stopped.throwIfAborted();
  }
}

/** Nobody waits for the result any more. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
