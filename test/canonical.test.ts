import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, canonicalHash } from '../src/canonical.ts';

const value = fc.jsonValue({ maxDepth: 4 }).map(wholeNumbers);

/** What is bound here has no fractions. */
function wholeNumbers(json: unknown): unknown {
  if (typeof json === 'number')
    return Number.isSafeInteger(json) && !Object.is(json, -0) ? json : 7;
  if (Array.isArray(json)) return json.map(wholeNumbers);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, wholeNumbers(item)]));
}

/** The same value with its keys set the other way round, and with members that are not there. */
function reordered(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(reordered);
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).map(([key, item]) => [key, reordered(item)] as const);
  return { ...Object.fromEntries(entries.toReversed()), ['not there']: undefined };
}

describe('canonical JSON', () => {
  it('is independent of the order of keys', () => {
    fc.assert(
      fc.property(value, (json) => {
        expect(canonical(reordered(json))).toBe(canonical(json));
        expect(canonicalHash(reordered(json))).toBe(canonicalHash(json));
      }),
      { numRuns: 10_000 },
    );
  });

  it('says what it was made of, and differs where that differs', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(JSON.parse(canonical(one))).toEqual(one);
        expect(canonical(one) === canonical(other)).toBe(isDeepEqual(one, other));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %s', (number) => {
    expect(() => canonical({ number })).toThrow(/safe integer/);
  });

  it('leaves out what is undefined, and keeps what is null', () => {
    expect(canonical({ b: undefined, a: null, c: [undefined] })).toBe('{"a":null,"c":[null]}');
  });
});

function isDeepEqual(one: unknown, other: unknown): boolean {
  try {
    expect(one).toStrictEqual(other);
    return true;
  } catch {
    return false;
  }
}
