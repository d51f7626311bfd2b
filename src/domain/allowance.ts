/** How much there is of something that comes back by itself: so many at once, and as many again within that time. */
export interface Allowance {
  readonly count: number;
  /** Milliseconds. */
  readonly within: number;
}

/** What somebody had left, and when: in whole milliseconds, in which what was taken comes back. */
export interface Left {
  readonly credit: number;
  /** Of any clock. */
  readonly at: number;
}

export type Taken =
  | { readonly outcome: 'taken'; readonly left: Left }
  /** Nothing is left; in `wait` milliseconds there is one again. */
  | { readonly outcome: 'none'; readonly wait: number };

/** Takes one. `left` is what the last one left, `undefined` where nothing was taken before. */
export function takeOne(left: Left | undefined, allowance: Allowance, now: number): Taken {
  const price = priceOf(allowance);
  const credit = creditNow(left, allowance, now);
  if (credit < price) return { outcome: 'none', wait: price - credit };
  return { outcome: 'taken', left: { credit: credit - price, at: now } };
}

/** Whether everything has come back: then there is nothing to remember. */
export function isWhole(left: Left, allowance: Allowance, now: number): boolean {
  return creditNow(left, allowance, now) === priceOf(allowance) * allowance.count;
}

/** Milliseconds in which one comes back. */
function priceOf({ count, within }: Allowance): number {
  return Math.max(1, Math.floor(within / count));
}

/** A clock that was put back gives nothing and takes nothing. */
function creditNow(left: Left | undefined, allowance: Allowance, now: number): number {
  const whole = priceOf(allowance) * allowance.count;
  return left ? Math.min(whole, left.credit + Math.max(0, now - left.at)) : whole;
}
