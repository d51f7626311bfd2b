import { anchored, pushProgress } from './messages.ts';
import type { Outbox, Progress } from './ports.ts';

/**
 * Shows a push in one message of the thread that is replaced as it goes on: at most once a second, and its last state
 * for certain. Progress decides nothing, so a lost one is not worth failing for.
 */
export function createProgress(
  promotion: string,
  { outbox, now }: { readonly outbox: Outbox; readonly now: () => Date },
): (progress: Progress) => void {
  let shownAt = Number.NEGATIVE_INFINITY;
  let shownStep: Progress['step'] | undefined;
  return (progress) => {
    const at = now().getTime();
    const isNews = progress.step !== shownStep && progress.step !== 'layer';
    if (at - shownAt < 1000 && !isNews) return;
    shownAt = at;
    shownStep = progress.step;
    const message = pushProgress(progress);
    outbox
      .add(promotion, (head) => ({ kind: 'slot', slot: 'push', message: anchored(message, head) }))
      .catch(() => undefined);
  };
}
