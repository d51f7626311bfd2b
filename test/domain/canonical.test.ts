import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonical, canonicalHash } from '../../src/domain/canonical.ts';

const value = fc.jsonValue({ maxDepth: 4 }).map(withoutNegativeZero);

/** JSON has one zero. */
function withoutNegativeZero(json: unknown): unknown {
  if (Object.is(json, -0)) return 0;
  if (Array.isArray(json)) return json.map(withoutNegativeZero);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, item]) => [key, withoutNegativeZero(item)]),
  );
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

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s', (number) => {
    expect(() => canonical({ number })).toThrow(/finite/);
  });

  it('writes numbers as RFC 8785 does', () => {
    const numbers = [333_333_333.333_333_3, 1e30, 4.5, 2e-3, 1e-27, -0, 2 ** 53];
    expect(canonical(numbers)).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,0,9007199254740992]');
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
