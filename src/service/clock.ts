import type { Log } from '../ports.ts';

/** How often it is looked for what has come due by time alone, in milliseconds. */
const beat = 1000;

/**
 * Calls `tick` after every change and once a second, without waiting for earlier calls: what they hold is skipped.
 * Returns how to stop that; the returned promise resolves when no call is under way any more.
 */
export function keepTicking(
  tick: () => Promise<void>,
  { onChange, log }: { readonly onChange: (listener: () => void) => () => void; readonly log: Log },
): () => Promise<void> {
  const running = new Set<Promise<void>>();
  let asked: NodeJS.Immediate | undefined;
  const run = (): void => {
    asked = undefined;
    const call = tick().catch((error: unknown) => log('error', 'a tick failed', { error }));
    running.add(call);
    void call.finally(() => running.delete(call));
  };
  // Many changes in one go are worth one look.
  const ask = (): void => {
    asked ??= setImmediate(run);
  };
  const stopListening = onChange(ask);
  const timer = setInterval(ask, beat);
  ask();
  return async () => {
    stopListening();
    clearInterval(timer);
    if (asked) clearImmediate(asked);
    await Promise.all(running);
  };
}
