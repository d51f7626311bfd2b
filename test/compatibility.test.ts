import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const page = readFileSync(new URL('../docs/compatibility.md', import.meta.url), 'utf8');
const named = [...new Set(page.match(/(?<=`)test\/[^`\s]+(?=`)/g))];

it('the page names tests for what it says', () => {
  expect(named.length).toBeGreaterThan(5);
});

it.each(named)('%s is there', (file) => {
  expect(existsSync(new URL(`../${file}`, import.meta.url))).toBe(true);
});
