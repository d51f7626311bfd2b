/** The longest time for which a promotion is left alone, in milliseconds. */
const longest = 60_000;

/** Promotions that could not be taken on: each rests for a while, twice as long every time it fails again. */
export function createRests(now: () => Date): {
  isResting(id: string): boolean;
  failed(id: string): void;
  wentOn(id: string): void;
} {
  const rests = new Map<string, { readonly until: number; readonly next: number }>();
  return {
    isResting: (id) => now().getTime() < (rests.get(id)?.until ?? 0),
    failed: (id) => {
      const pause = rests.get(id)?.next ?? 1000;
      rests.set(id, { until: now().getTime() + pause, next: Math.min(longest, 2 * pause) });
    },
    wentOn: (id) => void rests.delete(id),
  };
}
