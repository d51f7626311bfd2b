import type { Kysely } from 'kysely';
import { Digest } from '../reference.ts';
import type { Ledger } from '../ports.ts';
import type { Tables } from './schema.ts';

/** Layers asked for in one statement: databases limit the number of values. */
const batch = 500;

/** The layers that were published, by diffID: one may be known in several repositories and compressions. */
export function ledgerOf(tables: Kysely<Tables>, clock: () => Date): Ledger {
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
      return rows.map(({ repository, diff_id, digest, size }) => ({
        repository,
        diffId: Digest.parse(diff_id),
        digest: Digest.parse(digest),
        size,
      }));
    },
    async add(layers) {
      const added_at = clock().toISOString();
      for (const part of parts(layers)) {
        const rows = part.map(({ repository, diffId, digest, size }) => ({
          repository,
          diff_id: diffId,
          digest,
          size,
          added_at,
        }));
        await tables
          .insertInto('layer')
          .values(rows)
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },
  };
}

function* parts<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += batch) yield items.slice(at, at + batch);
}
