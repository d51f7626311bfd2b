import { writeSync } from 'node:fs';
import { explain, PromotionError } from '../../../src/domain/errors.ts';
import { openStore } from '../../../src/store/store.ts';
import { keyFor } from '../../../local/rig/key.ts';

const url = process.argv[2] ?? '';

/** Opens the store, says so or why not, and keeps it open until it is killed. */
try {
  await openStore(url, { now: () => new Date(), ...keyFor(url) });
  writeSync(1, 'open\n');
  setInterval(() => {}, 1_000);
} catch (error) {
  if (!(error instanceof PromotionError)) throw error;
  writeSync(1, `refused ${error.reason}: ${explain(error.refusal)}\n`);
}
