import { randomBytes } from 'node:crypto';
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Document } from 'yaml';
import { MacOf, seal } from './sops/cipher.ts';
import { eachValue, typeOf } from './sops/tree.ts';

export interface AgeKey {
  /** What stands in an age key file: a comment line and `AGE-SECRET-KEY-1…`. */
  readonly file: string;
  /** The public half, `age1…`. */
  readonly recipient: string;
}

const unencrypted = '_unencrypted';

/** A new X25519 key. */
export async function makeAgeKey(): Promise<AgeKey> {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  return { file: `# public key: ${recipient}\n${identity}\n`, recipient };
}

/**
 * Encrypts the values of a document for an age recipient, as `sops encrypt --age` does, and gives the YAML text.
 * Keys stay readable; so do `null`, empty text, and what is under a key that ends with `_unencrypted`.
 * @see https://getsops.io/docs/#encryption-protocol
 */
export async function encryptSops(document: object, recipient: string): Promise<string> {
  const key = randomBytes(32);
  const yaml = new Document(document);
  const mac = new MacOf();
  for (const { scalar, keys, path } of eachValue(yaml)) {
    const { type, plain } = typeOf(scalar.value);
    mac.add(plain);
    const isOpen = plain.length === 0 || keys.some((name) => name.endsWith(unencrypted));
    if (!isOpen) scalar.value = seal(plain, { key, aad: path, type });
  }
  const lastmodified = `${new Date().toISOString().slice(0, 19)}Z`;
  yaml.set('sops', {
    age: [{ recipient, enc: await wrap(key, recipient) }],
    lastmodified,
    mac: seal(Buffer.from(mac.hex()), { key, aad: lastmodified, type: 'str' }),
    unencrypted_suffix: unencrypted,
    version: '3.11.0',
  });
  return yaml.toString({ lineWidth: 0 });
}

async function wrap(key: Uint8Array, recipient: string): Promise<string> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return `${armor.encode(await encrypter.encrypt(key)).trimEnd()}\n`;
}
