/** A post that Slack has not taken yet. */
interface Waiting {
  readonly since: Date;
  /** Slack’s own word. */
  readonly problem: string;
  /** It will not get better by itself. */
  readonly lasts: boolean;
  /** When it is tried again. */
  readonly again: Date;
}

/** What Slack did with posts, for whoever watches over the bot. */
export interface PostWatch {
  taken(id: number): void;
  refused(id: number, why: Omit<Waiting, 'since'>): void;
  givenUp(id: number): void;
  /** What is wrong, in words; `undefined` where nothing waits for long or for good. */
  trouble(): string | undefined;
  /** Seconds for which the oldest post has been refused; 0 where none is. */
  oldest(): number;
  readonly counts: { refused: number; givenUp: number };
}

/** Slack may be away for so long before anybody is called, in milliseconds. */
const patience = 5 * 60_000;

/** A post of which nothing is heard for so long after it was to be tried again is another replica’s, in milliseconds. */
const silence = 2 * 60_000;

/** Watches over the posts of this process; what waited before its start is refused again and so seen again. */
export function createPostWatch(now: () => Date): PostWatch {
  const waiting = new Map<number, Waiting>();
  const counts = { refused: 0, givenUp: 0 };
  const age = ({ since }: Waiting): number => now().getTime() - since.getTime();
  const ours = (): readonly Waiting[] =>
    [...waiting.values()].filter(({ again }) => now().getTime() <= again.getTime() + silence);
  return {
    counts,
    taken: (id) => void waiting.delete(id),
    refused: (id, why) => {
      counts.refused += 1;
      waiting.set(id, { since: waiting.get(id)?.since ?? now(), ...why });
    },
    givenUp: (id) => {
      counts.givenUp += 1;
      waiting.delete(id);
    },
    trouble: () => {
      const [first] = ours().filter((one) => one.lasts || age(one) > patience);
      if (!first) return undefined;
      return `Slack has not taken a post since ${first.since.toISOString()}: ${first.problem}`;
    },
    oldest: () => Math.max(0, ...ours().map((one) => age(one) / 1000)),
  };
}
