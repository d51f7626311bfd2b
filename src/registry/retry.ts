import { PromotionError, type Refusal, interruption } from '../domain/errors.ts';
import type { Clock, Timing } from './timing.ts';

/** A try that may go better the next time. `refusal` is what it becomes when there is no next time. */
export class Transient extends Error {
  override readonly name = 'Transient';
  readonly refusal: Refusal;
  /** Milliseconds that the server asked to wait. */
  readonly retryAfter: number | undefined;
  /** The server asked all of us to slow down. */
  readonly isBusy: boolean;

  constructor(
    refusal: Refusal,
    asked?: { readonly retryAfter?: number | undefined; busy: boolean },
  ) {
    super(refusal.reason);
    this.refusal = refusal;
    this.retryAfter = asked?.retryAfter;
    this.isBusy = asked?.busy ?? false;
  }
}

/** Tries requests again. One per registry: a pause that a host asks for holds back every request. */
export class Pace {
  readonly timing: Timing;
  readonly clock: Clock;
  #pausedUntil = 0;

  constructor(timing: Timing, clock: Clock) {
    this.timing = timing;
    this.clock = clock;
  }

  /** Runs `attempt` until it works, fails for good, or was tried often enough. Throws a PromotionError then. */
  async persist<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let patience = this.timing.patience;
    for (let tries = 1, failures = 0; ; tries += 1) {
      await this.#pause(signal);
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        // Who is asked to slow down has not failed; waiting has a limit of its own.
        if (!error.isBusy) failures += 1;
        if (failures >= this.timing.attempts || patience <= 0)
          throw new PromotionError(error.refusal);
        // `Retry-After: 0` is no licence to hammer.
        const asked = Math.max(error.retryAfter ?? 0, this.#backoff(tries));
        const wait = Math.min(asked, Math.max(patience, 1));
        if (error.isBusy || error.retryAfter !== undefined) patience -= wait;
        if (error.isBusy) this.#pausedUntil = Math.max(this.#pausedUntil, this.clock.now() + wait);
        else await this.#sleep(wait, signal);
      }
    }
  }

  /** Waits as before the try after this one. Throws a PromotionError where the signal aborts. */
  async wait(tries: number, signal: AbortSignal): Promise<void> {
    await this.#sleep(this.#backoff(tries), signal);
  }

  /** Exponential, between half of it and all of it at random: so that many do not come back at once. */
  #backoff(tries: number): number {
    const { backoff, maxBackoff } = this.timing;
    return Math.min(maxBackoff, backoff * 2 ** (tries - 1)) * (0.5 + this.clock.random() / 2);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    for (;;) {
      const wait = this.#pausedUntil - this.clock.now();
      if (wait <= 0) return;
      await this.#sleep(wait, signal);
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw interruption(signal);
    await this.clock.sleep(ms, signal).catch(() => {
      throw interruption(signal);
    });
  }
}
