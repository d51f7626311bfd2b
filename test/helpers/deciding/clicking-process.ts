import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/store.ts';
import { clickAround, type Clicking } from './clicking.ts';
import { keyFor } from '../../../local/rig/key.ts';

/** Clicks Approve in a process of its own: `url` and what to do as JSON; begins with the first byte on stdin. */
const [url = '', given = '{}'] = process.argv.slice(2);
const store = await openStore(url, { now: () => new Date(), ...keyFor(url) });
writeSync(1, 'open\n');
await once(process.stdin, 'data');
await clickAround(store, JSON.parse(given) as Clicking);
await store.close();
process.exit(0);
