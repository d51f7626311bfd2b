/** Deeper than this nothing that is read here is, and no code that walks it should have to go. */
const depthLimit = 64;

/**
 * Reads JSON as one meaning only: UTF-8 without a byte order mark, no key twice in one object, no `__proto__`, at most
 * 64 levels. What two readers could take for two different documents is not read at all.
 * @see https://www.rfc-editor.org/rfc/rfc7493 (I-JSON)
 */
export function readJson(
  bytes: Uint8Array,
): { readonly value: unknown } | { readonly problem: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { problem: 'it is not UTF-8' };
  }
  const problem = ambiguity(text);
  if (problem) return { problem };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { problem: 'it is not JSON' };
  }
}

/** What makes the text ambiguous or too deep. Says nothing about text that is no JSON: the parser does. */
function ambiguity(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (open.push(char === '{' ? new Set() : undefined) > depthLimit) {
        return `it is nested deeper than ${depthLimit} levels`;
      }
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      const key = keyAt(text, at, end);
      if (key !== undefined) {
        const keys = open.at(-1);
        if (key === '__proto__') return 'it has a key __proto__';
        if (keys?.has(key)) return `it has the key ${JSON.stringify(key).slice(0, 80)} twice`;
        keys?.add(key);
      }
      at = end;
    }
  }
  return undefined;
}

/** Index of the quotation mark that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** The string as a key, unescaped, where a colon follows: `"a"` and `"\u0061"` are the same key. */
function keyAt(text: string, start: number, end: number): string | undefined {
  let after = end + 1;
  while (/[\t\n\r ]/.test(text[after] ?? '')) after += 1;
  if (text[after] !== ':') return undefined;
  const literal = text.slice(start, end + 1);
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return undefined;
  }
}
