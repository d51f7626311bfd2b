import type { Kysely } from 'kysely';
import type { AuditSigner } from '../domain/audit-keys.ts';
import { Digest } from '../domain/reference.ts';
import type { Ledger } from '../ports.ts';
import type { LayerRow, Tables } from './schema.ts';

/** Layers asked for in one statement: databases limit the number of values. */
const batch = 500;

/**
 * The layers that were published, by diffID: one may be known in several repositories and compressions. Whoever can
 * write into the database could name any blob: a row counts only with a MAC by a key that the database does not hold.
 */
export function ledgerOf(
  tables: Kysely<Tables>,
  { clock, signer }: { readonly clock: () => Date; readonly signer: AuditSigner | undefined },
): Ledger {
  return {
    async find(diffIds) {
      const rows = [];
      for (const part of parts([...new Set(diffIds)])) {
        const found = tables
          .selectFrom('layer')
          .selectAll()
          .where('diff_id', 'in', part)
          .orderBy('added_at', 'desc')
          .orderBy('repository');
        rows.push(...(await found.execute()));
      }
      const known = rows.filter((row) => signer?.hasMac(fieldsOf(row), row.mac));
      return known.map(({ repository, diff_id, digest, size }) => ({
        repository,
        diffId: Digest.parse(diff_id),
        digest: Digest.parse(digest),
        size,
      }));
    },
    async add(layers) {
      const added_at = clock().toISOString();
      for (const part of parts(layers)) {
        const rows = part.map(({ repository, diffId, digest, size }) => {
          const row = { repository, diff_id: diffId, digest, size };
          return { ...row, added_at, mac: signer?.mac(fieldsOf(row)) ?? null };
        });
        await tables
          .insertInto('layer')
          .values(rows)
          // One that stands there already may be somebody else’s writing.
          .onConflict((conflict) =>
            conflict.columns(['diff_id', 'repository', 'digest']).doUpdateSet((row) => ({
              size: row.ref('excluded.size'),
              mac: row.ref('excluded.mac'),
            })),
          )
          .execute();
      }
    },
  };
}

function fieldsOf(row: Pick<LayerRow, 'repository' | 'diff_id' | 'digest' | 'size'>) {
  return [row.repository, row.diff_id, row.digest, String(row.size)];
}

function* parts<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += batch) yield items.slice(at, at + batch);
}
