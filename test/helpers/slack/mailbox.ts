import type { App } from '@slack/bolt';
import { Deliveries } from '../../../local/slack/deliveries.ts';
import type { Attempt, Delivery, Outcome } from '../../../local/slack/delivery.ts';
import { pick, shuffled } from '../../../local/rig/random.ts';

export interface Disorder {
  /** Further copies of each delivery: up to so many soon, and one as late as it gets. */
  readonly copies: number;
  /** Deliveries at once; with more than one the order is lost. */
  readonly atOnce: number;
  readonly random: () => number;
}

interface Letter {
  readonly delivery: Delivery;
  readonly attempt: Attempt;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * Slack’s way to the app within one process: what people do waits here, and is handed to Bolt as its receivers do, in
 * any order, several at once, with copies. In order, each once and one at a time, where there is no disorder.
 */
export class Mailbox {
  /** For the people of the workspace. */
  readonly deliveries: Deliveries;
  /** How many were handed over so far, copies included. */
  handed = 0;
  readonly #app: App;
  readonly #disorder: Disorder | undefined;
  #waiting: Letter[] = [];
  #late: Letter[] = [];

  constructor(app: App, disorder: Disorder | undefined) {
    this.#app = app;
    this.#disorder = disorder;
    this.deliveries = new Deliveries({
      transport: () => (delivery, attempt) => this.#take(delivery, attempt),
      retries: [],
      record: () => {},
      random: Math.random,
    });
  }

  #take(delivery: Delivery, attempt: Attempt): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    this.#waiting.push({ delivery, attempt, settle: resolve });
    if (!this.#disorder) return promise;
    const { copies, random } = this.#disorder;
    const copy = (number: number): Letter => ({
      delivery,
      attempt: { number, reason: 'http_timeout' },
      settle: () => {},
    });
    const soon = Math.floor(random() * copies);
    for (let n = 1; n <= soon; n += 1) this.#waiting.push(copy(n));
    this.#late.push(copy(soon + 1));
    return promise;
  }

  /** Hands over some of what waits. Returns whether anything did. */
  async handOver(): Promise<boolean> {
    const { atOnce, random } = this.#disorder ?? { atOnce: 1, random: () => 0 };
    if (atOnce > 1) {
      this.#waiting = shuffled(this.#waiting, random);
      // Late ones come whenever, not only at the end.
      if (this.#late.length > 40 && random() < 0.2) this.#waiting.push(this.#aLateOne(random));
    }
    const some = this.#waiting.splice(0, 1 + Math.floor(random() * atOnce));
    await Promise.all(some.map((letter) => this.#handOver(letter)));
    return some.length > 0;
  }

  #aLateOne(random: () => number): Letter {
    const letter = pick(this.#late, random);
    this.#late = this.#late.filter((one) => one !== letter);
    return letter;
  }

  /** Everything that is still to come, when everything else is over. */
  async handOverLate(): Promise<void> {
    this.#waiting.push(...this.#late.splice(0));
    while (await this.handOver());
  }

  async #handOver({ delivery, attempt, settle }: Letter): Promise<void> {
    this.handed += 1;
    let isAcknowledged = false;
    await this.#app.processEvent({
      body: structuredClone(delivery.payload),
      ...(attempt.number > 0
        ? { retryNum: attempt.number, retryReason: attempt.reason ?? 'http_timeout' }
        : {}),
      ack: async (answer?: unknown) => {
        isAcknowledged = true;
        settle({ ack: answer });
      },
    });
    if (!isAcknowledged) settle({ error: 'operation_timeout' });
  }
}
