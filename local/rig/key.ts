import { readAuditKeys, type AuditKeys } from '../../src/domain/audit-keys.ts';
import { Secret } from '../../src/domain/secret.ts';

/** The key of logs on PostgreSQL, which keeps none beside its database. */
export const auditKey = new Secret(Buffer.alloc(32, 7).toString('base64'));

/** What a store is opened with besides: SQLite makes its own key. */
export function keyFor(url: string): { readonly key?: Secret } {
  return url.startsWith('sqlite:') ? {} : { key: auditKey };
}

/** The same, in the environment of a bot. */
export function keyVariable(url: string | undefined): Readonly<Record<string, string>> {
  return url === undefined || url.startsWith('sqlite:') ? {} : { AUDIT_KEY: auditKey.reveal() };
}

/** The keys of a text that holds some. */
export function keysOf(text: Secret): AuditKeys {
  const keys = readAuditKeys(text);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
}
