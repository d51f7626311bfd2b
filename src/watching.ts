import type { Store } from './store-port.ts';
import type { Promotion } from './states.ts';

/** Somebody moved the promotion on while something was done for it: nobody wants the result any more. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/**
 * Does what a promotion’s state asks for, as long as it is in that state: not begun where the store has another one by
 * now, and aborted through `work`’s signal as soon as it has. The end of work that was aborted so is silent, whatever
 * it threw. What was changed in the same state, a card that was announced for example, changes nothing here.
 */
export async function whileIn<P extends Promotion>(
  promotion: P,
  { store, signal }: { readonly store: Store; readonly signal: AbortSignal },
  work: (now: P, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { id, state } = promotion;
  const over = new AbortController();
  const stop = watch(store, async () => {
    const now = await store.get(id);
    if (now?.state !== state) over.abort(new Overtaken());
  });
  try {
    const now = await store.get(id);
    if (now?.state !== state) return;
    await work(now as P, AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (!over.signal.aborted || signal.aborted) throw error;
  } finally {
    stop();
  }
}

/**
 * Looks after every change, one look at a time. A look that fails decides nothing: what is written in the end is
 * compared with what is stored anyway.
 */
function watch(store: Store, look: () => Promise<void>): () => void {
  let isLooking = false;
  let isDue = false;
  const lookAgain = async (): Promise<void> => {
    isDue = true;
    if (isLooking) return;
    isLooking = true;
    while (isDue) {
      isDue = false;
      await look().catch(() => undefined);
    }
    isLooking = false;
  };
  return store.onChange(() => void lookAgain());
}
