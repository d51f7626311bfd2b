/** Whether every count is what `.ci/run` and `.ci/nightly` ask for. */
export const isLong = process.env['TEST_COUNTS'] === 'long';

/** How often something is tried: often enough to notice while one works, or as often as before a change goes in. */
export function counted(short: number, long: number): number {
  return isLong ? long : short;
}

/**
 * The rows that are tried at one of many places: every one in the long form. In the short form each third, beginning
 * elsewhere at the next place, so that every row is tried at some place and every place meets some row.
 */
export function rowsAt<T>(place: number, rows: readonly T[]): readonly T[] {
  return isLong ? rows : rows.filter((_, n) => (n + place) % 3 === 0);
}
