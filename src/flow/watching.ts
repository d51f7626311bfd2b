import type { Using } from './hands.ts';
import type { Store } from '../store-port.ts';
import type { Promotion, State } from '../domain/states.ts';

/** Somebody moved the promotion on while something was done for it: nobody wants the result any more. */
class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** A promotion, and the states in which something is done for it. */
export interface Doing<S extends State> {
  readonly id: string;
  readonly states: readonly S[];
}

/** A promotion in one of these states. */
export type In<S extends State> = Extract<Promotion, { readonly state: S }>;

/**
 * Does what a promotion’s state asks for, as long as it is in one of these states: not begun where the store has another
 * one by now, and aborted through `work`’s signal as soon as it has. The end of work that was aborted so is silent,
 * whatever it threw. What was changed in the same states, a card that was announced for example, changes nothing here.
 */
export async function whileIn<S extends State, Hands extends Using<'signal', 'store'>>(
  { id, states }: Doing<S>,
  options: Hands,
  work: (now: In<S>, options: Hands) => Promise<void>,
): Promise<void> {
  const { signal, ports } = options;
  const isStill = (now: Promotion | undefined): now is In<S> =>
    now !== undefined && states.some((state) => state === now.state);
  const over = new AbortController();
  const stop = watch(ports.store, async () => {
    if (!isStill(await ports.store.get(id))) over.abort(new Overtaken());
  });
  try {
    const now = await ports.store.get(id);
    if (isStill(now))
      await work(now, { ...options, signal: AbortSignal.any([signal, over.signal]) });
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
