/** Seconds: however many digits somebody sends, nobody has to read more. */
const aCentury = 100 * 366 * 24 * 60 * 60;

/**
 * `Retry-After` in milliseconds from now, a century at most: seconds or an HTTP date; `undefined` where it is missing
 * or neither.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfter(
  header: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d+$/.test(header)) return Math.min(Number(header), aCentury) * 1000;
  const date = /^[A-Z][a-z]{2},? /.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), aCentury * 1000);
}
