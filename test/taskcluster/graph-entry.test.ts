import { describe, expect, it } from 'vitest';
import { EntryFinder } from '../../src/taskcluster/graph-entry.ts';

const key = 'VzkqXAw6TpKmvIG1mBoAeg';

/** What is found in a text that comes in pieces of this many bytes. */
function find(text: string | Uint8Array, size = 7): string | undefined {
  const bytes = Buffer.from(text);
  const finder = new EntryFinder(key);
  for (let at = 0; at < bytes.length; at += size) finder.push(bytes.subarray(at, at + size));
  const found = finder.end();
  if ('problem' in found) return found.problem;
  return found.entry && Buffer.from(found.entry).toString();
}

const tricky = { '}{"': ['\\', '"', `"${key}": "inner"`, { [key]: [] }], '[': 'ü\\"]', n: [1.5e3] };

describe('a task’s entry in a graph', () => {
  it.each([1, 2, 3, 64, 100_000])(
    'is found in pieces of %d bytes, whatever stands around it',
    (size) => {
      for (const space of [undefined, 2, '\t\r\n ']) {
        for (const value of [tricky, 'text', -12.5e3, null, [], {}, true]) {
          const graph = { a: tricky, b: 1, [key]: value, c: 'x', '': tricky };
          const found = find(JSON.stringify(graph, undefined, space), size);
          expect(JSON.parse(found ?? '')).toEqual(value);
        }
      }
    },
  );

  it('is missing where only an entry’s own content names it', () => {
    expect(find('{}')).toBeUndefined();
    expect(find(JSON.stringify({ a: { [key]: { task: {} } }, b: key, c: [key] }))).toBeUndefined();
  });

  it.each([
    [`{"${key}": 1, "${key}": 2}`, 'twice'],
    [`{"${key}": 1, "\\u0056${key.slice(1)}": 2}`, 'twice'],
    [`[{"${key}": 1}]`, 'no JSON object'],
    [`{"a" "b"}`, 'no JSON object'],
    [`{"a": 1 "${key}": 2}`, 'no JSON object'],
    [`{"a": {} {"${key}": 2}}`, 'no JSON object'],
    [`{"a": 1} {"${key}": 2}`, 'no JSON object'],
    [`{"a": "x`, 'too early'],
    [`{"a": {"b": [}`, 'too early'],
    ['', 'too early'],
    [`{"${key}": "${'x'.repeat(2 * 1024 * 1024)}"}`, 'larger than 1 MiB'],
  ])('is not taken from what two readers could read in two ways: %#', (text, problem) => {
    expect(find(text, 1000)).toContain(problem);
  });

  it('costs no memory for all the others', () => {
    const finder = new EntryFinder(key);
    const other = Buffer.from(
      `"${'o'.repeat(22)}": ${JSON.stringify({ task: 'x'.repeat(60_000) })},`,
    );
    finder.push(Buffer.from('{'));
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 500; count += 1) finder.push(other);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(4 * 1024 * 1024);
    finder.push(Buffer.from(`"${key}": {}}`));
    expect(finder.end()).toEqual({ entry: new Uint8Array(Buffer.from('{}')) });
  });
});
