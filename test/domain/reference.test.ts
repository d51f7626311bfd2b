import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestFromHex, formatReference, parseReference } from '../../src/domain/reference.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const part = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);

describe('a reference', () => {
  it('that was written is read back as it was', () => {
    fc.assert(
      fc.property(name, tag, hex, (given, under, digits) => {
        const reference = { name: given, tag: under, digest: digestFromHex(digits) };
        expect(parseReference(formatReference(reference))).toEqual(reference);
      }),
      { numRuns: 2000 },
    );
  });

  it('that is read is exactly what would be written', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          hex.map((digits) => `a:b@sha256:${digits}`),
        ),
        (text) => {
          const reference = parseReference(text);
          if (reference) expect(formatReference(reference)).toBe(text);
        },
      ),
    );
  });

  it.each([
    '',
    'a',
    'a:b',
    `a@sha256:${'0'.repeat(64)}`,
    `a:b@sha256:${'0'.repeat(63)}`,
    `a:b@sha256:${'0'.repeat(65)}`,
    `a:b@sha256:${'A'.repeat(64)}`,
    `A:b@sha256:${'0'.repeat(64)}`,
    `a:b@sha512:${'0'.repeat(64)}`,
    `host:5000/a:b@sha256:${'0'.repeat(64)}`,
    `a:-b@sha256:${'0'.repeat(64)}`,
    `a:${'b'.repeat(129)}@sha256:${'0'.repeat(64)}`,
    ` a:b@sha256:${'0'.repeat(64)}`,
    `a:b@sha256:${'0'.repeat(64)}\n`,
  ])('“%s” is none', (text) => {
    expect(parseReference(text)).toBeUndefined();
  });
});
