import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/store.ts';
import { approved, eventOf } from '../../../local/rig/promotions.ts';
import { keyFor } from '../../../local/rig/key.ts';

const url = process.argv[2] ?? '';

/**
 * A replica that holds `p1`, has taken the posts that are due, and then works until it is killed, stopped, or told
 * that it no longer holds: then it says so and tries to write what it had decided.
 */
const store = await openStore(url, { now: () => new Date(), ...keyFor(url) });
await store.outbox.due(new Date());
await store.hold('p1', async (signal) => {
  const from = await store.get('p1');
  if (from?.state !== 'pending') throw new Error('p1 is not pending');
  writeSync(1, 'holding\n');
  const alive = setInterval(() => {}, 1_000);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(alive);
  writeSync(1, 'lost\n');
  const to = approved(from, 'U00000009');
  const { outcome } = await store.change({ from, to, event: eventOf('approved') });
  writeSync(1, `wrote ${outcome}\n`);
});
await store.close();
