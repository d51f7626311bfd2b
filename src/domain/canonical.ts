import { createHash } from 'node:crypto';
import { digestFromHex, type Digest } from './reference.ts';

/** JSON's values: what a plan, an event and a stored promotion are made of. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * The one text of a JSON value, whatever the order in which its keys were set: keys sorted by UTF-16 code unit, no
 * white space, `undefined` members left out, numbers as ECMAScript writes them. Throws where a number is not finite.
 * @see https://www.rfc-editor.org/rfc/rfc8785 (JCS)
 */
export function canonical(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError(`A number in canonical JSON must be finite, got ${value}`);
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

/** SHA-256 over the {@link canonical} form. */
export function canonicalHash(value: unknown): Digest {
  return digestFromHex(createHash('sha256').update(canonical(value)).digest('hex'));
}
