import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

/** The key of a document and the additional data that binds a value to its place. */
export interface Binding {
  readonly key: Uint8Array;
  /** The key path, each part followed by `:`; for the MAC the time of the last change. */
  readonly aad: string;
}

export interface Opened {
  readonly type: string;
  readonly plain: Buffer;
}

/** `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`: AES-256-GCM with a 32-byte IV. */
export function seal(plain: Uint8Array, options: Binding & { readonly type: string }): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', options.key, iv, { authTagLength: 16 });
  cipher.setAAD(Buffer.from(options.aad));
  const data = Buffer.concat([cipher.update(plain), cipher.final()]);
  const parts = { data, iv, tag: cipher.getAuthTag() };
  const body = Object.entries(parts).map(([name, bytes]) => `${name}:${bytes.toString('base64')}`);
  return `ENC[AES256_GCM,${body.join(',')},type:${options.type}]`;
}

/** The inverse of {@link seal}; `undefined` for whatever was not sealed with this key for this place. */
export function open(sealed: string, { key, aad }: Binding): Opened | undefined {
  const match = /^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]$/.exec(sealed);
  if (!match) return undefined;
  const [data, iv, tag] = match.slice(1, 4).map((part) => Buffer.from(part, 'base64'));
  if (!data || iv?.length !== 32 || tag?.length !== 16) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(tag);
  try {
    const plain = Buffer.concat([decipher.update(data), decipher.final()]);
    return { type: match[4] ?? 'str', plain };
  } catch {
    return undefined;
  }
}

/** What “MAC only over encrypted values” starts with, so that the two kinds never agree. */
const onlyEncrypted = createHash('sha256').update('sops').digest();

/** The SHA-512 over all values in the order of the document, as upper-case hex. */
export class MacOf {
  readonly #hash = createHash('sha512');

  constructor(macOnlyEncrypted?: boolean) {
    if (macOnlyEncrypted) this.#hash.update(onlyEncrypted);
  }

  add(plain: Uint8Array): void {
    this.#hash.update(plain);
  }

  hex(): string {
    return this.#hash.digest('hex').toUpperCase();
  }
}
