/** The middle, and how far it is spread. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  const lower = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return {
    median: (upper + lower) / 2,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
  };
}

/** Of each round by itself: what disturbed a round, disturbed both. */
export function ratios(of: readonly number[], against: readonly number[]): Spread {
  return spreadOf(of.map((value, round) => value / (against[round] ?? Number.NaN)));
}

/** `2.81 (2.77–3.02)` */
export function shown({ median, least, most }: Spread, digits = 2): string {
  const middle = median.toFixed(digits);
  if (least === most) return middle;
  return `${middle} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}
