import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto';
import { Secret } from './secret.ts';

/** What of an event its signature is about: the hash covers everything else of it. */
interface Signed {
  readonly hash: string;
  readonly signature?: string | null | undefined;
}

/** The keys of the log: those that vouch for what is written, and the one that signs, where it is known here. */
export interface AuditKeys {
  /** Whether one of the keys signed this event. */
  isSigned(event: Signed): boolean;
  /** Absent where only public keys are known: such a log can be verified, and not written. */
  readonly signer?: AuditSigner | undefined;
}

export interface AuditSigner {
  /** The public half of the key that signs, as a line of a key file. */
  readonly publicLine: string;
  /** The signature of an event with this hash: base64 of 64 bytes (ed25519, RFC 8032). */
  sign(hash: string): string;
  /** A MAC over the fields, in this order: 64 hex digits. */
  mac(fields: readonly string[]): string;
  /** Whether `mac` is the one of these fields, by this key or a former one. */
  hasMac(fields: readonly string[], mac: string | null): boolean;
}

/** What is signed is nothing but an event of this log. */
const purpose = 'promote-image event, signature 1:';

/** DER of ed25519 keys, all but the 32 bytes themselves. @see https://www.rfc-editor.org/rfc/rfc8410 */
const der = {
  secret: Buffer.from('302e020100300506032b657004220420', 'hex'),
  public: Buffer.from('302a300506032b6570032100', 'hex'),
};

const line = /^(public:)?([A-Za-z0-9+/]{43}=)$/;

/** A new key, as a line of a key file: base64 of 32 random bytes, as `openssl rand -base64 32` makes it. */
export function newAuditKey(): Secret {
  return new Secret(randomBytes(32).toString('base64'));
}

/**
 * The keys of a text: one a line, or divided by blanks or commas, `#` begins a comment. The first one signs; the others
 * are former ones, secret or `public:…`, and only vouch for what they signed. Returns what is wrong as a text that
 * quotes nothing.
 */
export function readAuditKeys(text: Secret): AuditKeys | string {
  const words = text
    .reveal()
    .replaceAll(/#.*$/gm, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  if (words.length === 0) return 'it holds no key';
  const found = words.map((word) => line.exec(word));
  const wrong = found.indexOf(null);
  if (wrong >= 0) {
    return `key ${wrong + 1} is not the base64 of 32 bytes, with “public:” before it where it is a public one`;
  }
  const keys = found.map((match) => ({
    isPublic: match?.[1] !== undefined,
    bytes: Buffer.from(match?.[2] ?? '', 'base64'),
  }));
  return keysFrom(keys);
}

function keysFrom(keys: readonly { isPublic: boolean; bytes: Buffer }[]): AuditKeys {
  const pairs = keys.map(({ isPublic, bytes }) => (isPublic ? publicOnly(bytes) : pairOf(bytes)));
  const [first] = pairs;
  return {
    isSigned: ({ hash, signature }) => {
      const bytes = Buffer.from(signature ?? '', 'base64');
      return (
        bytes.length === 64 &&
        pairs.some(({ open }) => verify(undefined, Buffer.from(purpose + hash), open, bytes))
      );
    },
    signer: first?.secret && signerOf({ ...first, secret: first.secret }, pairs),
  };
}

interface Pair {
  readonly open: KeyObject;
  readonly secret?: KeyObject;
  /** Derived from the secret, so that one key does not do two things. */
  readonly macKey?: Buffer;
}

function publicOnly(bytes: Buffer): Pair {
  const key = Buffer.concat([der.public, bytes]);
  return { open: createPublicKey({ key, format: 'der', type: 'spki' }) };
}

function pairOf(seed: Buffer): Pair {
  const key = Buffer.concat([der.secret, seed]);
  const secret = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  const macKey = Buffer.from(hkdfSync('sha256', seed, '', 'promote-image layer, mac 1', 32));
  return { open: createPublicKey(secret), secret, macKey };
}

function signerOf(own: Pair & { readonly secret: KeyObject }, all: readonly Pair[]): AuditSigner {
  const raw = own.open.export({ format: 'der', type: 'spki' }).subarray(der.public.length);
  const macKeys = all.flatMap(({ macKey }) => (macKey ? [macKey] : []));
  return {
    publicLine: `public:${raw.toString('base64')}`,
    sign: (hash) => sign(undefined, Buffer.from(purpose + hash), own.secret).toString('base64'),
    mac: (fields) => macOf(fields, macKeys[0] ?? Buffer.alloc(0)).toString('hex'),
    hasMac: (fields, mac) => {
      const given = Buffer.from(mac ?? '', 'hex');
      return macKeys.some((key) => {
        const right = macOf(fields, key);
        return given.length === right.length && timingSafeEqual(given, right);
      });
    },
  };
}

/** Each field goes in with its length, so that no text can pass for two fields or two for one. */
function macOf(fields: readonly string[], key: Buffer): Buffer {
  const mac = createHmac('sha256', key);
  for (const field of fields) mac.update(`${Buffer.byteLength(field)}:`).update(field);
  return mac.digest();
}
