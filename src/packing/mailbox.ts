import type { MessagePort } from 'node:worker_threads';
import { Bell } from './bell.ts';
import {
  outlet,
  type AnnouncedLayer,
  type Filled,
  type FromThread,
  type ToThread,
} from './protocol.ts';

/** The thread's side of its conversation with the main one. Buffers change hands, bytes are not shared. */
export class Mailbox {
  readonly #port: MessagePort;
  readonly #arrived: Filled[] = [];
  #isEnded = false;
  #isStopped = false;
  #answer: boolean | undefined;
  /** Pieces handed over that have found no place yet. */
  #waiting = 0;
  readonly #empty: ArrayBuffer[] = [];
  #staging = new Uint8Array(outlet.size);
  #staged = 0;
  readonly #bell = new Bell();

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: ToThread) => this.#take(message));
  }

  tell(message: FromThread): void {
    this.#port.postMessage(message);
  }

  /** The archive's bytes as they arrive. A chunk is good until the one after the next is asked for. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    let last: ArrayBuffer | undefined;
    for (;;) {
      const filled = this.#arrived.shift();
      if (filled) {
        yield new Uint8Array(filled.buffer, 0, filled.length);
        // A decoder that has asked for the next one may still be reading this one.
        if (last) this.#port.postMessage({ say: 'emptied', buffer: last }, [last]);
        last = filled.buffer;
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

  /** Hands packed bytes over; waits while too many have no place yet. */
  async hand(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + outlet.size - this.#staged);
      this.#staging.set(part, this.#staged);
      this.#staged += part.length;
      at += part.length;
      if (this.#staged === outlet.size) await this.flush();
    }
  }

  /** Hands over what is left. */
  async flush(): Promise<void> {
    if (this.#staged === 0) return;
    const { buffer } = this.#staging;
    const filled = { buffer, length: this.#staged };
    this.#port.postMessage({ say: 'piece', filled } satisfies FromThread, [buffer]);
    this.#staging = new Uint8Array(this.#empty.pop() ?? new ArrayBuffer(outlet.size));
    this.#staged = 0;
    this.#waiting += 1;
    while (this.#waiting >= outlet.buffers) await this.#change();
  }

  close(): void {
    this.#port.close();
  }

  #take(message: ToThread): void {
    if (message.say === 'bytes') this.#arrived.push(message.filled);
    else if (message.say === 'end') this.#isEnded = true;
    else if (message.say === 'layer') this.#answer = message.pack;
    else if (message.say === 'taken') this.#waiting -= 1;
    else if (message.say === 'emptied') this.#empty.push(message.buffer);
    else this.#isStopped = true;
    this.#bell.ring();
  }

  async #change(): Promise<void> {
    if (!this.#isStopped) await this.#bell.rung();
    if (this.#isStopped) throw new Stopped();
  }
}

/** Nobody waits for the result any more. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
