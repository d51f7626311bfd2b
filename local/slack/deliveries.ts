import type { Attempt, Delivery, Outcome, Transport } from './delivery.ts';
import type { Crossing } from './transcript.ts';

/** How deliveries go astray on their way to the app. */
export interface Weather {
  /** Further copies of each delivery. */
  readonly duplicate?: number;
  /** Milliseconds before each delivery, or a range out of which `random` picks. */
  readonly delay?: number | readonly [number, number];
  /** Holds this many deliveries back and releases them the other way round; those that wait too long go anyway. */
  readonly reorder?: number;
  /** Deliveries that never arrive: the first so many. */
  readonly lose?: number;
}

interface DeliveriesOptions {
  /** Where deliveries go now. */
  readonly transport: () => Transport;
  /** Milliseconds before each further attempt at an event that was not acknowledged. */
  readonly retries: readonly number[];
  readonly record: (crossing: Pick<Crossing, 'name' | 'request' | 'response' | 'status'>) => void;
  /** From 0 to 1. */
  readonly random: () => number;
}

const longestHold = 200;

/** The way from Slack to the app, with its weather. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #sent: Delivery[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: (() => void)[] = [];
  #weather: Weather = {};
  #lost = 0;
  #isClosed = false;

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** What was delivered so far, each once, in order. */
  get sent(): readonly Delivery[] {
    return [...this.#sent];
  }

  change(weather: Weather): void {
    this.#weather = weather;
    this.#lost = 0;
    this.#release();
  }

  /** Delivers, with copies where the weather makes some; the outcome is that of the first to be acknowledged. */
  async send(delivery: Delivery): Promise<Outcome> {
    this.#sent.push(delivery);
    const copies = 1 + (this.#weather.duplicate ?? 0);
    const outcomes = Array.from({ length: copies }, () => this.#travel(delivery));
    const acknowledged = outcomes.map(async (outcome) => {
      const found = await outcome;
      return 'ack' in found ? found : Promise.reject(new Error(found.error));
    });
    return Promise.any(acknowledged).catch(async () => outcomes[0] as Promise<Outcome>);
  }

  /** Delivers something once more, exactly as it was: late, or after a reconnect. */
  again(delivery: Delivery, attempt: Attempt = { number: 0 }): Promise<Outcome> {
    return this.#attempt(delivery, attempt);
  }

  async #travel(delivery: Delivery): Promise<Outcome> {
    const { delay = 0, reorder = 0, lose = 0 } = this.#weather;
    if (this.#lost < lose) {
      this.#lost += 1;
      return { error: 'operation_timeout' };
    }
    const [least, most] = typeof delay === 'number' ? [delay, delay] : delay;
    const wait = least + this.#options.random() * (most - least);
    if (wait > 0) await this.#sleep(wait);
    if (reorder > 0) await this.#hold(reorder);
    const outcome = await this.#attempt(delivery, { number: 0 });
    if ('error' in outcome && delivery.type === 'events_api')
      void this.#retry(delivery, outcome.error);
    return outcome;
  }

  #hold(reorder: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.push(resolve);
    if (this.#held.length >= reorder) queueMicrotask(() => this.#release());
    else void this.#sleep(longestHold).then(() => this.#release());
    return promise;
  }

  #release(): void {
    const held = this.#held.toReversed();
    this.#held = [];
    for (const go of held) go();
  }

  async #retry(delivery: Delivery, error: string): Promise<void> {
    const reason = error === 'operation_timeout' ? 'http_timeout' : 'http_error';
    for (const [index, wait] of this.#options.retries.entries()) {
      await this.#sleep(wait);
      if (this.#isClosed) return;
      const outcome = await this.#attempt(delivery, { number: index + 1, reason });
      if ('ack' in outcome) return;
    }
  }

  async #attempt(delivery: Delivery, attempt: Attempt): Promise<Outcome> {
    if (this.#isClosed) return { error: 'dispatch_failed' };
    const outcome = await this.#options.transport()(delivery, attempt);
    this.#options.record({
      name: delivery.type,
      request: delivery,
      response: 'ack' in outcome ? outcome.ack : outcome.error,
      status: statusOf(outcome),
    });
    return outcome;
  }

  #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      resolve();
    }, ms);
    this.#timers.add(timer);
    return promise;
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

function statusOf(outcome: Outcome): Crossing['status'] {
  if ('ack' in outcome) return 200;
  return outcome.error === 'operation_timeout' ? 'timeout' : 'dropped';
}
