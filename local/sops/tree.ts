import { isAlias, isMap, isScalar, isSeq, type Document, type Scalar } from 'yaml';

/** A value of a document and its key path, each part followed by `:`; positions in lists do not count. */
export interface Place {
  readonly scalar: Scalar;
  readonly path: string;
  readonly keys: readonly string[];
}

/** Every value in the order of the document, without `null`s and without the `sops` metadata. */
export function* eachValue(document: Document.Parsed | Document): Generator<Place> {
  const root = document.contents;
  if (!isMap(root)) throw new TypeError('A sops document must be a map');
  for (const pair of root.items) {
    if (keyOf(pair.key) !== 'sops') yield* walk(pair.value, [keyOf(pair.key)]);
  }
}

function* walk(node: unknown, keys: readonly string[]): Generator<Place> {
  if (isAlias(node)) throw new TypeError('Aliases are not supported');
  if (isMap(node)) {
    for (const pair of node.items) yield* walk(pair.value, [...keys, keyOf(pair.key)]);
  }
  if (isSeq(node)) {
    for (const item of node.items) yield* walk(item, keys);
  }
  if (isScalar(node) && node.value !== null) {
    yield { scalar: node, keys, path: keys.map((key) => `${key}:`).join('') };
  }
}

function keyOf(key: unknown): string {
  if (isScalar(key) && typeof key.value === 'string') return key.value;
  throw new TypeError('Only text can be a key');
}

/** How sops names the type of a value, and the bytes that it encrypts and counts in the MAC. */
export function typeOf(value: unknown): { readonly type: string; readonly plain: Buffer } {
  switch (typeof value) {
    case 'string':
      return { type: 'str', plain: Buffer.from(value) };
    case 'boolean':
      return { type: 'bool', plain: Buffer.from(value ? 'True' : 'False') };
    case 'number':
      if (!Number.isFinite(value)) break;
      return Number.isInteger(value)
        ? { type: 'int', plain: Buffer.from(BigInt(value).toString()) }
        : { type: 'float', plain: Buffer.from(String(value)) };
    default:
  }
  throw new TypeError(`sops has no type for ${typeof value}`);
}

/** The inverse of {@link typeOf}. */
export function valueOf({ type, plain }: ReturnType<typeof typeOf>): string | number | boolean {
  const text = plain.toString();
  if (type === 'int' || type === 'float') return Number(text);
  if (type === 'bool') return text === 'True';
  return text;
}
