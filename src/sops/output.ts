import { parseDocument } from 'yaml';
import { z } from 'zod';
import { fail } from '../domain/errors.ts';

/** One line of printable text: what a user name or a token is. A colon or line break would change the header it goes into. */
const oneLine = z.string().regex(/^[^\x00-\x1f\x7f]{1,4096}$/);

/**
 * The texts at the two dotted paths of a JSON document; a line break at the very end of one, as YAML’s `|` leaves it,
 * is no part of it. Throws `sops-shape`; nothing of the document is in
 * any error.
 */
export function pickTexts(json: Buffer, paths: readonly [string, string]): [string, string] {
  const document = parseJson(json);
  if (document === undefined) return fail('sops-failed', { outcome: 'output that is not JSON' });
  return [textAt(document, paths[0]), textAt(document, paths[1])];
}

function parseJson(json: Buffer): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
    const value: unknown = JSON.parse(text);
    // JSON.parse takes the last of two equal keys; YAML 1.2, of which JSON is a part, refuses them.
    return parseDocument(text).errors.length === 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

function textAt(document: unknown, path: string): string {
  let value = document;
  for (const key of path.split('.')) {
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMap || !Object.hasOwn(value as object, key)) return fail('sops-shape', { path });
    value = (value as Record<string, unknown>)[key];
  }
  const text = oneLine.safeParse(typeof value === 'string' ? value.replace(/\r?\n$/, '') : value);
  return text.success ? text.data : fail('sops-shape', { path });
}
