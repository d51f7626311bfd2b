/** Where two JSON values differ first, as a path (`payload.env.HASH`); `undefined` where they are equal. */
export function difference(one: unknown, other: unknown, path = ''): string | undefined {
  if (one === other) return undefined;
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) {
    return path || 'everything';
  }
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const at = path ? `${path}.${key}` : key;
    if (!Object.hasOwn(one, key) || !Object.hasOwn(other, key)) return at;
    const found = difference(one[key], other[key], at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
