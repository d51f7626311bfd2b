import { expect, it } from 'vitest';
import { isAmong } from '../../src/domain/path-pattern.ts';

it.each([
  ['**', 'a', true],
  ['**', 'a/b/.c', true],
  ['a/**', 'a/b/c', true],
  ['a/**', 'a', false],
  ['a/**', 'ab/c', false],
  ['a/*.txt', 'a/b.txt', true],
  ['a/*.txt', 'a/b/c.txt', false],
  ['a/*.txt', 'a/bxtxt', false],
  ['**/x.txt', 'x.txt', true],
  ['**/x.txt', 'a/b/x.txt', true],
  ['**/x.txt', 'a/yx.txt', false],
  ['a/**/x.txt', 'a/x.txt', true],
  ['a/(b|c)+[d]', 'a/(b|c)+[d]', true],
  ['a/(b|c)', 'a/b', false],
  ['a', 'a\nb', false],
])('%s holds %s: %s', (pattern, path, isHeld) => {
  expect(isAmong(path, [pattern])).toBe(isHeld);
  expect(isAmong(path, ['other', pattern])).toBe(isHeld);
});
