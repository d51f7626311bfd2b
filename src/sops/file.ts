import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { basename, dirname, extname, sep } from 'node:path';
import { isMap, parseDocument, type Document } from 'yaml';
import { fail } from '../domain/errors.ts';
import { keyFilesOf, type NamedKeys, type Variables } from './environment.ts';
import {
  keyTypes as allKeyTypes,
  readMetadata,
  requirePlainLines,
  type KeyGroup,
  type KeyType,
} from './metadata.ts';
import { requireOurs, requireSecret } from './rights.ts';
import { checkServers } from './servers.ts';

export interface EncryptedFile extends NamedKeys {
  readonly path: string;
  /** Exactly what was checked: what is decrypted too. */
  readonly bytes: Buffer;
}

export interface FileOptions {
  readonly file: string;
  readonly username: string;
  readonly password: string;
  readonly env: Variables;
}

const maxSize = 256 * 1024;

/**
 * Reads the sops file once and refuses whatever should not be handed to sops: what others may write, a key that they
 * may read, what is no plain file, values in plain text, and key servers that the file names but nobody here asked for.
 */
export async function readEncrypted(options: FileOptions): Promise<EncryptedFile> {
  const bytes = await readPrivate(options.file);
  const text = bytes.toString('utf8');
  if (extname(options.file) !== '.json') requirePlainLines(text);
  const document = parseDocument(text);
  if (document.errors.some(({ code }) => code === 'MULTIPLE_DOCS')) {
    return refuseFile(
      'it holds more than one YAML document: put the credentials into a file of their own',
    );
  }
  if (document.errors.length > 0 || !isMap(document.contents)) {
    return refuseFile('it is neither YAML nor JSON');
  }
  for (const path of [options.username, options.password]) requireEncrypted(document, path);
  const { mac, groups } = readMetadata(document);
  if (!mac?.startsWith('ENC[')) return fail('sops-tampered', {});
  const vaults = checkServers(groups, options.env);
  const keyTypes = keyTypesOf(groups);
  for (const [name, path] of keyFilesOf(options.env, keyTypes)) await requireSecret(name, path);
  return { path: options.file, bytes, keyTypes, vaults };
}

async function readPrivate(path: string): Promise<Buffer> {
  if (!['.yml', '.yaml', '.json'].includes(extname(path))) {
    return refuseFile('its name must end in .yml, .yaml or .json');
  }
  const folder = await realpath(dirname(path)).catch(() => refuseFile('its folder is missing'));
  const real = await realpath(path).catch(() => refuseFile('it is missing'));
  if (!real.startsWith(folder + sep)) return refuseFile('it is a link to another folder');
  return readOnce(real);
}

/** One open for checks and bytes: the file can't be another between them. A fifo is not waited for. */
async function readOnce(real: string): Promise<Buffer> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(real, flags).catch(() => refuseFile('it cannot be opened'));
  try {
    const found = await handle.stat();
    if (!found.isFile()) return refuseFile(`${basename(real)} is no plain file`);
    await requireOurs(real, found);
    if (found.size > maxSize) return refuseFile(`it is larger than ${maxSize} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/**
 * The MAC does not separate values, so only an encrypted one is bound to its place. One that sops took for a number has
 * lost what makes it a token: `12_34` is 1234 to it, and `0123` is 83.
 */
function requireEncrypted(document: Document.Parsed, path: string): void {
  const value: unknown = document.getIn(path.split('.'));
  if (value === undefined) fail('sops-shape', { path });
  if (typeof value !== 'string' || !value.startsWith('ENC[AES256_GCM,')) {
    return refuseFile(`${path} is not encrypted in it`);
  }
  const [, type] = /,type:(int|float|bool)\]$/.exec(value) ?? [];
  if (!type) return;
  const kind = type === 'bool' ? 'true or false' : 'a number';
  refuseFile(
    `${path} is ${kind} in it, without quotes: write it in quotes, or its zeros and _ are lost`,
  );
}

function keyTypesOf(groups: readonly KeyGroup[]): readonly KeyType[] {
  const types = allKeyTypes.filter((type) => groups.some((of) => (of[type] ?? []).length > 0));
  return types.length > 0 ? types : refuseFile('it names no key');
}

function refuseFile(problem: string): never {
  return fail('sops-file', { problem });
}
