import type { LogCheck, ChainedEvent } from './event.ts';
import { formatAnchor } from './anchors.ts';
import type { Anchor } from './post.ts';

/** The event with which the log goes on after a database was restored: whoever accepted it knows what is missing. */
export const restoreAccepted = 'restore-accepted';

/** What such an event tells. */
export interface Accepted {
  /** Where the restored log ended. Whatever lies between that and this event is missing. */
  readonly head: Anchor;
  /** What the channel had seen and the restored log does not hold: whole anchors, the newest ones. */
  readonly lost: readonly string[];
  readonly by: string;
  readonly because: string;
}

/** What the event tells, where it is one of these. */
export function acceptedIn({ kind, data }: ChainedEvent): Accepted | undefined {
  if (kind !== restoreAccepted) return undefined;
  const { head, lost, by, because } = data as Partial<Accepted>;
  const isWhole = typeof head?.seq === 'number' && Array.isArray(lost);
  return isWhole ? { head, lost, by: String(by), because: String(because) } : undefined;
}

/** Whether the log knows why it does not hold this anchor: it lies in a gap that somebody accepted. */
export function isKnownLoss(
  anchor: Anchor,
  restores: readonly (Accepted & { readonly seq: number })[],
): boolean {
  return restores.some(({ head, seq, lost }) => {
    const isInGap = anchor.seq > head.seq && anchor.seq < seq;
    return isInGap || lost.some((one) => one.startsWith(formatAnchor(anchor)));
  });
}

/** Tells the known gaps. That nothing else is missing, and who wrote this, is for the chain and its signatures to say. */
export function restoreCheck(): LogCheck {
  const notes: string[] = [];
  return {
    take(event) {
      const accepted = acceptedIn(event);
      if (!accepted) return;
      const { head, by, because } = accepted;
      const [first, last] = [head.seq + 1, event.seq - 1];
      const gap =
        first > last
          ? 'no event is missing'
          : first === last
            ? `event ${first} is missing`
            : `events ${first} to ${last} are missing`;
      notes.push(
        `a restored database: ${gap}; accepted by ${by} at ${event.at}, because ${because}`,
      );
    },
    problems: () => [],
    notes: () => notes,
  };
}
