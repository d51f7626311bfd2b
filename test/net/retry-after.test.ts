import { describe, expect, it } from 'vitest';
import { retryAfter } from '../../src/net/retry-after.ts';

describe('Retry-After', () => {
  // However far off.
  const century = 100 * 366 * 86_400_000;
  const now = Date.parse('2026-11-23T10:00:00Z');
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['99999999999999999999', century],
    ['9'.repeat(400), century],
    ['Fri, 31 Dec 9999 23:59:59 GMT', century],
    ['Mon, 23 Nov 2026 10:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 0],
    [undefined, undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
  ])('%s is %s ms', (header, ms) => {
    expect(retryAfter(header, now)).toBe(ms);
  });
});
