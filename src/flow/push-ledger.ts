import type { Log, Ledger } from '../ports.ts';

/**
 * The ledger as a push may have it. What it knows spares bytes, no more: by the time that something is added the image
 * is published, and that stays so where the database does not take it.
 */
export function createPushLedger(ledger: Ledger, log: Log): Ledger {
  return {
    find: (diffIds) => ledger.find(diffIds),
    add: (layers) =>
      ledger
        .add(layers)
        .catch((error: unknown) => log('warn', 'layers are not remembered', { error })),
  };
}
