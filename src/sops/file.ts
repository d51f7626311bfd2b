import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, sep } from 'node:path';
import { isMap, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { fail } from '../errors.ts';
import { serviceUrl } from '../urls.ts';
import type { Variables } from './environment.ts';

export interface EncryptedFile {
  readonly path: string;
  /** Exactly what was checked: what is decrypted too. */
  readonly bytes: Buffer;
  readonly keyTypes: readonly string[];
}

export interface FileOptions {
  readonly file: string;
  readonly username: string;
  readonly password: string;
  readonly env: Variables;
}

const maxSize = 256 * 1024;

/**
 * Reads the sops file once and refuses whatever should not be handed to sops: what others may write, what is no plain
 * file, values in plain text, and key servers that the file names but nobody here asked for.
 */
export async function readEncrypted(options: FileOptions): Promise<EncryptedFile> {
  const bytes = await readPrivate(options.file);
  const document = parseDocument(bytes.toString('utf8'));
  if (document.errors.length > 0 || !isMap(document.contents)) {
    return refuseFile('it is neither YAML nor JSON');
  }
  for (const path of [options.username, options.password]) requireEncrypted(document, path);
  const metadata = readMetadata(document);
  if (!metadata.mac?.startsWith('ENC[')) return fail('sops-tampered', {});
  for (const group of [metadata, ...(metadata.key_groups ?? [])]) checkServers(group, options.env);
  return { path: options.file, bytes, keyTypes: keyTypesOf(metadata) };
}

async function readPrivate(path: string): Promise<Buffer> {
  if (!['.yml', '.yaml', '.json'].includes(extname(path))) {
    return refuseFile('its name must end in .yml, .yaml or .json');
  }
  const folder = await realpath(dirname(path)).catch(() => refuseFile('its folder is missing'));
  const real = await realpath(path).catch(() => refuseFile('it is missing'));
  if (!real.startsWith(folder + sep)) return refuseFile('it is a link to another folder');
  const { mode } = await stat(dirname(real));
  const sticky = 0o1000;
  if (mode & 0o002 && !(mode & sticky)) {
    return refuseFile('anyone on the machine may write to its folder');
  }
  return readOnce(real);
}

/** One open for checks and bytes: the file can't be another between them. A fifo is not waited for. */
async function readOnce(real: string): Promise<Buffer> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(real, flags).catch(() => refuseFile('it cannot be opened'));
  try {
    const found = await handle.stat();
    if (!found.isFile()) return refuseFile(`${basename(real)} is no plain file`);
    if (found.mode & 0o002) return refuseFile('anyone on the machine may write to it');
    if (found.size > maxSize) return refuseFile(`it is larger than ${maxSize} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The MAC does not separate values, so only an encrypted one is bound to its place. */
function requireEncrypted(document: Document.Parsed, path: string): void {
  const value: unknown = document.getIn(path.split('.'));
  if (value === undefined) fail('sops-shape', { path });
  if (typeof value !== 'string' || !value.startsWith('ENC[AES256_GCM,')) {
    refuseFile(`${path} is not encrypted in it`);
  }
}

const keys = z.array(z.looseObject({})).nullish();
const group = z.looseObject({
  age: keys,
  pgp: keys,
  kms: keys,
  gcp_kms: keys,
  hckms: keys,
  azure_kv: z.array(z.looseObject({ vault_url: z.string() })).nullish(),
  hc_vault: z.array(z.looseObject({ vault_address: z.string() })).nullish(),
});
const metadataSchema = group.extend({
  mac: z.string().optional(),
  key_groups: z.array(group).nullish(),
});
type Group = z.infer<typeof group>;
type Metadata = z.infer<typeof metadataSchema>;

function readMetadata(document: Document.Parsed): Metadata {
  const sops: unknown = document.get('sops');
  const plain: unknown = isMap(sops) ? sops.toJS(document, { maxAliasCount: 0 }) : undefined;
  const parsed = metadataSchema.safeParse(plain);
  return parsed.success ? parsed.data : refuseFile('it has no sops metadata');
}

/** The file names the servers that sops asks, with the credentials of the environment: an attacker's must not be one. */
function checkServers(keysOf: Group, env: Variables): void {
  const vaults = (keysOf.hc_vault ?? []).map(({ vault_address }) => vault_address);
  const servers = [...vaults, ...(keysOf.azure_kv ?? []).map(({ vault_url }) => vault_url)];
  for (const url of servers) {
    if (!serviceUrl.safeParse(url).success) refuseFile(`it names a key server without https`);
  }
  const ours = env['VAULT_ADDR'];
  if (ours && vaults.some((url) => !sameOrigin(url, ours))) {
    refuseFile('it names another Vault than VAULT_ADDR');
  }
}

function sameOrigin(url: string, ours: string): boolean {
  return URL.canParse(ours) && new URL(url).origin === new URL(ours).origin;
}

function keyTypesOf(metadata: Metadata): readonly string[] {
  const names = ['age', 'pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault'] as const;
  const groups = [metadata, ...(metadata.key_groups ?? [])];
  const types = names.filter((name) => groups.some((of) => (of[name] ?? []).length > 0));
  return types.length > 0 ? types : refuseFile('it names no key');
}

function refuseFile(problem: string): never {
  return fail('sops-file', { problem });
}
