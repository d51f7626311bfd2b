import { setTimeout as wait } from 'node:timers/promises';

/** Times in milliseconds. */
export interface Timing {
  /** Nothing came and nothing could be sent for so long: the connection is given up. */
  readonly idle: number;
  /** A whole small answer (anything but a layer) must have come by then. */
  readonly answer: number;
  /** A whole push. */
  readonly total: number;
  /** How often one request is tried in all. */
  readonly attempts: number;
  /** The first wait before another try; doubles each time, with jitter. */
  readonly backoff: number;
  readonly maxBackoff: number;
  /** What a registry that asks to slow down (429, `Retry-After`) gets in waits, per request, in all. */
  readonly patience: number;
}

export const defaultTiming: Timing = {
  idle: 30_000,
  answer: 60_000,
  total: 2 * 60 * 60_000,
  attempts: 5,
  backoff: 500,
  maxBackoff: 15_000,
  patience: 60_000,
};

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after so many milliseconds; rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => wait(ms, undefined, { signal }),
  random: () => Math.random(),
};

/** How to reach a registry. */
export interface RegistryOptions {
  /** `https://registry-1.docker.io`, or `http://127.0.0.1:5000` for tests. */
  readonly url: string;
  /** The realm of its tokens, where that is neither its own host nor Docker Hub’s. */
  readonly tokenService?: string | undefined;
  readonly timing?: Partial<Timing> | undefined;
  readonly clock?: Clock | undefined;
}
