/** A JSON document with exactly one thing changed. */
export interface Mutant {
  /** `payload.env.PROJECT + x`: where, and what was done. */
  readonly what: string;
  readonly value: unknown;
}

/** Every document that differs from `original` in one place: values changed, emptied, of another type, gone, added. */
export function mutants(original: unknown): readonly Mutant[] {
  return [...changes(original, [])].map(({ path, what, change }) => {
    const value = structuredClone(original);
    change(value);
    return { what: `${path.join('.')} ${what}`.trim(), value };
  });
}

interface Change {
  readonly path: readonly string[];
  readonly what: string;
  readonly change: (root: unknown) => void;
}

function* changes(node: unknown, path: readonly string[]): Generator<Change> {
  if (path.length > 0) {
    yield { path, what: 'gone', change: (root) => remove(root, path) };
    for (const [what, value] of others(node)) {
      yield { path, what, change: (root) => set(root, path, value) };
    }
  }
  if (typeof node !== 'object' || node === null) return;
  const added = [...path, Array.isArray(node) ? String(node.length) : 'unexpected'];
  yield { path: added, what: 'added', change: (root) => set(root, added, 'unexpected') };
  for (const [key, child] of Object.entries(node)) yield* changes(child, [...path, key]);
}

function others(value: unknown): readonly (readonly [string, unknown])[] {
  const kinds = [
    ['is null', null],
    ['is a list', []],
  ] as const;
  if (typeof value === 'string') {
    return [
      ['+ x', `${value}x`],
      ['x +', `x${value}`],
      ['is empty', ''],
      ['is a number', 1],
      ...kinds,
    ];
  }
  if (typeof value === 'number') return [['+ 1', value + 1], ['is text', String(value)], ...kinds];
  if (typeof value === 'boolean')
    return [['is the other', !value], ['is text', String(value)], ...kinds];
  return [['is text', 'text'], ...kinds.slice(0, 1)];
}

function parentOf(root: unknown, path: readonly string[]): Record<string, unknown> {
  let node = root as Record<string, unknown>;
  for (const key of path.slice(0, -1)) node = node[key] as Record<string, unknown>;
  return node;
}

function set(root: unknown, path: readonly string[], value: unknown): void {
  parentOf(root, path)[path.at(-1) ?? ''] = value;
}

function remove(root: unknown, path: readonly string[]): void {
  const parent = parentOf(root, path);
  const key = path.at(-1) ?? '';
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}
