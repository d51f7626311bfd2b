import { interruption, PromotionError, refuse } from '../domain/errors.ts';
import type { Credentials } from '../domain/secret.ts';
import { Client } from './client.ts';
import { Http } from './http.ts';
import { Pace } from './retry.ts';
import { defaultTiming, systemClock, type RegistryOptions } from './timing.ts';

/** One thing to be done at the registry, from the first question to the last. */
export interface Errand {
  /** `name:tag`, for whoever reads why something was refused. */
  readonly subject: string;
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The repository that is pushed to. */
  readonly pushesTo?: string | undefined;
}

/** Runs `work` with a client of its own; its connections are closed afterwards, and it ends in time. */
export async function onErrand<T>(
  options: RegistryOptions,
  errand: Errand,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const timing = { ...defaultTiming, ...options.timing };
  const pace = new Pace(timing, options.clock ?? systemClock);
  const http = new Http(options, timing);
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(tooLate(errand.subject, timing.total)), timing.total);
  const signal = errand.signal ? AbortSignal.any([errand.signal, stop.signal]) : stop.signal;
  const { subject, credentials, pushesTo } = errand;
  try {
    return await work(new Client({ http, pace, subject, credentials, signal, pushesTo }));
  } catch (error) {
    if (signal.aborted && !(error instanceof PromotionError)) throw interruption(signal);
    throw error;
  } finally {
    clearTimeout(late);
    await http.close();
  }
}

function tooLate(subject: string, total: number): PromotionError {
  const problem = `it took longer than ${total / 1000} s in all`;
  return new PromotionError(refuse('registry-unreachable', { what: subject, problem }));
}
