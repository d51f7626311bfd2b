import fc from 'fast-check';
import { expect, it } from 'vitest';
import { paxHeader } from '../../local/tar.ts';
import { parsePax } from '../../src/archive/tar-pax.ts';

it('reads back what a pax header was made of', () => {
  const key = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[=\n]/.test(text));
  const value = fc.string({ unit: 'grapheme', maxLength: 300 });
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([k]) => k }), (records) => {
      const header = paxHeader(Object.fromEntries(records));
      const size = Number.parseInt(header.toString('latin1', 124, 135), 8);
      expect(parsePax(header.subarray(512, 512 + size))).toEqual(new Map(records));
    }),
  );
});

it('takes the later of two records', () => {
  expect(parsePax(Buffer.from('9 path=a\n9 path=b\n'))).toEqual(new Map([['path', 'b']]));
});

it('takes a line break and an equals sign inside of a value', () => {
  expect(parsePax(Buffer.from('12 path=a\n=\n'))).toEqual(new Map([['path', 'a\n=']]));
});

it.each([
  ['a length beyond the end', '11 path=x\n'],
  ['a length far beyond the end', '9999999999 path=x\n'],
  ['a length that ends before the line does', '8 path=x\n'],
  ['a length that ends in the next record', '12 path=x\n9 path=y\n'],
  ['no line break', '8 path=x'],
  ['no equals sign', '7 path\n'],
  ['its equals sign in the next record', '7 path\n9 path=y\n'],
  ['no length', ' path=x\n'],
  ['no space', '7path=x\n'],
  ['a length with a sign', '+9 path=x\n'],
  ['a length of zero', '0 path=x\n'],
  ['a length with zeros in front', '010 path=x\n'],
])('refuses a record with %s', (_, body) => {
  expect(() => parsePax(Buffer.from(body))).toThrow(/a pax header has a record/);
});
