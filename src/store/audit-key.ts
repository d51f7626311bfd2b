import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import {
  newAuditKey,
  readAuditKeys,
  type AuditKeys,
  type AuditSigner,
} from '../domain/audit-keys.ts';
import { fail } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import type { Database } from './database.ts';

/** Keys of who writes the log. */
export type WritingKeys = AuditKeys & { readonly signer: AuditSigner };

export function canWrite(keys: AuditKeys | undefined): keys is WritingKeys {
  return keys?.signer !== undefined;
}

/**
 * The keys of the log: the given ones, or those of the file beside an SQLite database, which is made for a log that
 * nobody has signed yet. Who only reads may have none. Throws `audit-key-…`.
 */
export async function findKeys(
  database: Database,
  { access, given }: { readonly access: 'read' | 'write'; readonly given: Secret | undefined },
): Promise<AuditKeys | undefined> {
  const text = given ?? (await keptBeside(database, access));
  if (!text) return undefined;
  const keys = readAuditKeys(text);
  if (typeof keys === 'string') return fail('audit-key-unusable', { problem: keys });
  if (access === 'write' && !canWrite(keys)) {
    return fail('audit-key-unusable', {
      problem: 'the first one is a public key, which signs nothing',
    });
  }
  return keys;
}

async function keptBeside(
  database: Database,
  access: 'read' | 'write',
): Promise<Secret | undefined> {
  const { name, keyPlace } = database;
  if (keyPlace === 'nowhere') return newAuditKey();
  if (keyPlace === 'elsewhere') {
    return access === 'read' ? undefined : fail('audit-key-missing', { database: name });
  }
  const { file } = keyPlace;
  const kept = readKey(file);
  if (kept || access === 'read') return kept;
  // A new key in the place of one that is lost would only hide that it is.
  if (await isSignedAlready(database)) return fail('audit-key-lost', { database: name, file });
  const key = newAuditKey();
  keep(file, key);
  return key;
}

async function isSignedAlready({ kysely }: Database): Promise<boolean> {
  const signed = kysely.selectFrom('event').select('seq').where('signature', 'is not', null);
  return (await signed.limit(1).executeTakeFirst()) !== undefined;
}

function readKey(file: string): Secret | undefined {
  try {
    if ((statSync(file).mode & 0o022) !== 0) {
      fail('audit-key-unusable', { problem: `others may write ${file}` });
    }
    return new Secret(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    return fail(
      'audit-key-unusable',
      { problem: `${file} cannot be read (${String(error.code)})` },
      error,
    );
  }
}

/** Whole or not at all, and on the disk before anything is signed with it. */
function keep(file: string, key: Secret): void {
  const path = `${file}.new`;
  const descriptor = openSync(path, 'w', 0o600);
  try {
    writeSync(descriptor, `${key.reveal()}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(path, file);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
