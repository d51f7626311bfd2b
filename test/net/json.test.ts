import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../src/net/json.ts';

function read(text: string): ReturnType<typeof readJson> {
  return readJson(Buffer.from(text));
}

describe('readJson', () => {
  it('reads whatever JSON.stringify writes, as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        if (text.includes('__proto__')) return;
        expect(read(text)).toEqual({ value: JSON.parse(text) });
        expect(readJson(Buffer.from(JSON.stringify(value, undefined, 2)))).toEqual({
          value: JSON.parse(text),
        });
      }),
      { numRuns: 500 },
    );
  });

  it('reads nothing that JSON.parse does not', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...Array.from('{}[]":,\\ 1ntru')) }),
        (text) => {
          const outcome = read(text);
          if ('value' in outcome) expect(outcome.value).toEqual(JSON.parse(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('takes equal keys of different objects, and keys that are only values', () => {
    expect(read('{"a":{"a":1},"b":[{"a":2},{"a":3}],"c":"a"}')).toMatchObject({
      value: { c: 'a' },
    });
    expect(read('["a","a"]')).toEqual({ value: ['a', 'a'] });
    expect(read('{"a":"b","b":"a"}')).toEqual({ value: { a: 'b', b: 'a' } });
    expect(read('{"a":"\\"a\\":","b":1}')).toEqual({ value: { a: '"a":', b: 1 } });
  });

  it.each([
    ['it has the key "a" twice', '{"a":1,"a":2}'],
    ['it has the key "a" twice', '{"a":1,"\\u0061":2}'],
    ['it has the key "a" twice', '{"a":1 , "a" \n : 2}'],
    ['it has the key "a" twice', '{"x":[{"a":1,"b":{"a":1},"a":2}]}'],
    ['it has the key "" twice', '{"":1,"":2}'],
    ['it has a key __proto__', '{"__proto__":1}'],
    ['it has a key __proto__', '{"\\u005f_proto__":1}'],
    ['it is not JSON', '\uFEFF{}'],
    ['it is not JSON', ''],
    ['it is not JSON', '{} {}'],
    ['it is not JSON', "{'a':1}"],
    ['it is not JSON', '{"a":NaN}'],
    ['it is not JSON', '{"a'],
    ['it is nested deeper than 64 levels', '['.repeat(65) + ']'.repeat(65)],
    ['it is nested deeper than 64 levels', '['.repeat(1_000_000)],
  ])('says that %s', (problem, text) => {
    expect(read(text)).toEqual({ problem });
  });

  it('reads 64 levels', () => {
    expect(read('['.repeat(64) + ']'.repeat(64))).toHaveProperty('value');
  });

  it('does not read bytes that are no UTF-8', () => {
    expect(readJson(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ problem: 'it is not UTF-8' });
    expect(readJson(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toEqual({ problem: 'it is not UTF-8' });
  });

  it('reads 4 MiB of label map in a moment', () => {
    const labels = Object.fromEntries(
      Array.from({ length: 60_000 }, (_, at) => [
        `test-linux-${at}-${'x'.repeat(30)}`,
        'JOGECPspRTeY5YOM2CiuZg',
      ]),
    );
    const bytes = Buffer.from(JSON.stringify(labels));
    const began = performance.now();
    expect(readJson(bytes)).toHaveProperty('value');
    expect(performance.now() - began).toBeLessThan(2000);
  });
});
