import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/store.ts';
import { approved, eventOf } from '../../../local/rig/promotions.ts';
import { keyFor } from '../../../local/rig/key.ts';

const url = process.argv[2] ?? '';

/** A replica that stops in the middle of a transaction that approves `p1`, as if its machine were frozen. */
const store = await openStore(url, { now: () => new Date(), ...keyFor(url) });
const from = await store.get('p1');
if (from?.state !== 'pending') throw new Error('p1 is not pending');
let isFirst = true;
const { outcome } = await store.change({
  from,
  to: approved(from, 'U00000009'),
  event: eventOf('approved'),
  posts: () => {
    if (isFirst) {
      isFirst = false;
      writeSync(1, 'stopping\n');
      process.kill(process.pid, 'SIGSTOP');
    }
    return [];
  },
});
writeSync(1, `wrote ${outcome}\n`);
await store.close();
