import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  visit,
  type Document,
  type YAMLMap,
} from 'yaml';
import { z } from 'zod';
import { fail } from '../domain/errors.ts';

const name = z.string().regex(/^[a-z][a-z0-9_]*$/);
const keys = z.array(z.record(name, z.unknown())).nullish();
/** What a list of keys is not: something unknown may stand beside the keys, but name none. */
const noKeys = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.never())]);
const group = z
  .object({
    age: keys,
    pgp: keys,
    kms: keys,
    gcp_kms: keys,
    hckms: keys,
    azure_kv: keys,
    hc_vault: keys,
  })
  .catchall(noKeys);
const metadataSchema = group.extend({
  mac: z.string().optional(),
  key_groups: z.array(group).nullish(),
});

export type KeyGroup = z.infer<typeof group>;

/** The kinds of key that a file may name. */
export const keyTypes = group.keyof().options;
export type KeyType = (typeof keyTypes)[number];

export interface Metadata {
  readonly mac: string | undefined;
  readonly groups: readonly KeyGroup[];
}

/**
 * What the file says of its keys. sops reads the same bytes with parsers of its own, which take `HC_VAULT` for
 * `hc_vault`, merge `<<` and break lines where we don't: whatever they could understand in another way is refused,
 * so that the key servers that are checked here are those that sops asks.
 */
export function readMetadata(document: Document.Parsed): Metadata {
  requireOne(document);
  const sops: unknown = document.get('sops');
  if (!isMap(sops)) return fail('sops-file', { problem: 'it has no sops metadata' });
  requirePlain(sops);
  const parsed = metadataSchema.safeParse(sops.toJS(document));
  if (parsed.success) {
    return { mac: parsed.data.mac, groups: [parsed.data, ...(parsed.data.key_groups ?? [])] };
  }
  const place = ['sops', ...(parsed.error.issues[0]?.path ?? [])].join('.');
  return fail('sops-file', { problem: `${place} is nothing that is known here` });
}

/** Line breaks of YAML 1.1 that are none in 1.2, and what is in no text. */
const unusual = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]|\r(?!\n)/;

/** Refuses YAML whose lines may end in other places for sops than for us. */
export function requirePlainLines(yaml: string): void {
  if (unusual.test(yaml)) refuseForm('an unusual line break or control character');
}

/** Nothing in the document may be the metadata for sops but what is for us. */
function requireOne({ contents, directives }: Document.Parsed): void {
  if (directives?.yaml.explicit) refuseForm('a %YAML directive');
  for (const { key } of isMap(contents) ? contents.items : []) {
    if (!isScalar(key)) return refuseForm('a key that is no text');
    const name = String(key.value);
    // A merge of the data’s own, which does not override what is there.
    if (key.tag && key.source !== '<<') refuseForm('a key with a tag');
    // With `u`, `i` folds as Go does: ſ is an s, too.
    if (name !== 'sops' && /^sops$/iu.test(name)) refuseForm('a second `sops`');
  }
}

function requirePlain(metadata: YAMLMap): void {
  visit(metadata, (_, node) => {
    if (isAlias(node)) refuseForm('an alias in its metadata');
    if (isPair(node) && !isScalar(node.key)) refuseForm('a key that is no text in its metadata');
    if ((isScalar(node) || isCollection(node)) && node.tag) refuseForm('a tag in its metadata');
  });
}

function refuseForm(what: string): never {
  return fail('sops-file', { problem: `it has ${what}, which sops never writes` });
}
