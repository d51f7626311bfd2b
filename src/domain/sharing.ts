import type { LimitFunction } from 'p-limit';

/** Does a piece of work for everybody who asks for the same at once. */
export type Shared<T> = (key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Pieces of work of which the same is done once for all who wait for it, within `limit`. Nobody gets what was begun
 * before they asked, so nothing is older than its question: whoever comes while it runs waits, with all others, for the
 * next run. Nothing is kept.
 */
export function createShared<T>(limit: LimitFunction): Shared<T> {
  const waiting = new Map<string, Promise<T>>();
  const running = new Map<string, Promise<unknown>>();

  const begin = async (key: string, work: () => Promise<T>): Promise<T> => {
    await running.get(key);
    return limit(async () => {
      waiting.delete(key);
      const run = work();
      const ended = run.then(nothing, nothing);
      running.set(key, ended);
      await ended;
      running.delete(key);
      return run;
    });
  };
  return (key, work) => {
    const known = waiting.get(key);
    if (known) return known;
    const begun = begin(key, work);
    waiting.set(key, begun);
    return begun;
  };
}

function nothing(): void {}
