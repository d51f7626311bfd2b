import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../ports.ts';
import { retryAfter, slackProblem } from './trouble.ts';

export interface Insisting {
  /** What does not work, for the log. */
  readonly what: string;
  /** Whether there is no sense in trying again. */
  readonly isHopeless: (error: unknown) => boolean;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  /** Called with each problem, in a word that may be shown. */
  readonly onProblem?: ((problem: string) => void) | undefined;
}

/** The longest pause between two tries, in milliseconds. */
const longest = 30_000;

/**
 * What `work` resolves to, however long Slack takes to answer: tried at once, and then after pauses that double, or
 * for which Slack asked. Throws what is hopeless, and anything after the signal.
 */
export async function insist<T>(work: () => Promise<T>, insisting: Insisting): Promise<T> {
  const { what, isHopeless, log, signal, onProblem } = insisting;
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || isHopeless(error)) throw error;
      const problem = slackProblem(error);
      // At random by half: many bots that lost Slack at once do not come back at once.
      const backoff = Math.min(longest, 500 * 2 ** tries) * (0.5 + Math.random() / 2);
      const pause = Math.max((retryAfter(error) ?? 0) * 1000, backoff);
      onProblem?.(problem);
      log('warn', `${what}; it is tried again`, { problem, tries, seconds: pause / 1000 });
      await sleep(pause, undefined, { signal });
    }
  }
}
