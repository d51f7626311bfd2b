import { armor, Decrypter } from 'age-encryption';
import { isMap, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { MacOf, open } from './cipher.ts';
import { eachValue, typeOf, valueOf } from './tree.ts';

/** The real exit codes, as far as `decrypt` ends with them. */
export const exitCodes = { generic: 1, unreadable: 2, tree: 25, mac: 51, noFile: 100, noKey: 128 };

/** A refusal with the exit code that the real sops has for it. */
export class SopsError extends Error {
  readonly exitCode: number;

  constructor(reason: keyof typeof exitCodes, message: string) {
    super(message);
    this.exitCode = exitCodes[reason];
  }
}

const metadataSchema = z.looseObject({
  age: z.array(z.looseObject({ enc: z.string() })).min(1),
  version: z.string().min(1),
  lastmodified: z.iso.datetime(),
  mac: z.string().default(''),
  mac_only_encrypted: z.boolean().default(false),
  unencrypted_suffix: z.string().default(''),
  encrypted_suffix: z.string().default(''),
  unencrypted_regex: z.string().default(''),
  encrypted_regex: z.string().default(''),
});
type Metadata = z.infer<typeof metadataSchema>;

/**
 * Decrypts a sops document in YAML or JSON with age identities (`AGE-SECRET-KEY-1…`), verifying its MAC.
 * Gives the document without its metadata. Throws a {@link SopsError}.
 */
export async function decryptSops(
  text: string,
  identities: readonly string[],
): Promise<Document.Parsed> {
  const document = parseDocument(text, { version: '1.2', schema: 'core' });
  const metadata = readMetadata(document);
  const key = await dataKey(metadata, identities);
  const mac = openTree(document, metadata, key);
  const expected = metadata.mac && open(metadata.mac, { key, aad: metadata.lastmodified });
  if (!expected || expected.plain.toString() !== mac) {
    throw new SopsError('mac', 'MAC mismatch.');
  }
  document.delete('sops');
  document.commentBefore = null;
  return document;
}

function readMetadata(document: Document.Parsed): Metadata {
  if (document.errors.length > 0) throw new SopsError('generic', 'Error loading file');
  if (!isMap(document.contents)) throw new SopsError('generic', 'sops metadata not found');
  const plain: unknown = document.toJS({ maxAliasCount: 0 });
  const parsed = z.looseObject({ sops: metadataSchema }).safeParse(plain);
  if (!parsed.success) throw new SopsError('generic', 'sops metadata not found');
  return parsed.data.sops;
}

async function dataKey(metadata: Metadata, identities: readonly string[]): Promise<Uint8Array> {
  for (const { enc } of metadata.age) {
    const decrypter = new Decrypter();
    for (const identity of identities) decrypter.addIdentity(identity);
    try {
      const key = await decrypter.decrypt(armor.decode(enc));
      if (key.length === 32) return key;
    } catch {
      // Meant for somebody else, or damaged: the next recipient may do.
    }
  }
  throw new SopsError('noKey', 'Failed to get the data key required to decrypt the SOPS file.');
}

/** Puts every plain value in its place and gives the MAC over them. */
function openTree(document: Document.Parsed, metadata: Metadata, key: Uint8Array): string {
  const mac = new MacOf(metadata.mac_only_encrypted);
  for (const { scalar, keys, path } of eachValue(document)) {
    const encrypted = isEncrypted(keys, metadata);
    if (!encrypted) {
      if (!metadata.mac_only_encrypted) mac.add(typeOf(scalar.value).plain);
    } else if (scalar.value !== '') {
      // The real one panics here, which Go ends with 2.
      if (typeof scalar.value !== 'string') throw new SopsError('unreadable', 'Value is not text');
      const opened = open(scalar.value, { key, aad: path });
      if (!opened) throw new SopsError('tree', 'Error decrypting tree');
      mac.add(opened.plain);
      scalar.value = valueOf(opened);
    }
  }
  return mac.hex();
}

function isEncrypted(keys: readonly string[], metadata: Metadata): boolean {
  if (metadata.encrypted_regex) return keys.some((key) => matches(metadata.encrypted_regex, key));
  if (metadata.unencrypted_regex) {
    return !keys.some((key) => matches(metadata.unencrypted_regex, key));
  }
  if (metadata.encrypted_suffix) return keys.some((key) => key.endsWith(metadata.encrypted_suffix));
  if (!metadata.unencrypted_suffix) return true;
  return !keys.some((key) => key.endsWith(metadata.unencrypted_suffix));
}

function matches(pattern: string, key: string): boolean {
  return new RegExp(pattern, 'u').test(key);
}
