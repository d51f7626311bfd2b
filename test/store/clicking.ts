import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openStore } from '../../src/store/store.ts';
import { approved, eventOf } from './promotions.ts';

/**
 * Clicks Approve on random promotions, on the cards as they were before anybody clicked; begins when it is told of
 * a change. Prints what came of it as JSON, and ends.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    person: { type: 'string', default: '' },
    clicks: { type: 'string', default: '0' },
  },
});

const store = await openStore(values.url, { now: () => new Date() });
const cards = await store.list({ states: ['pending'], limit: 10_000 });
const counts: Record<string, number> = {};
const begin = new Promise<void>((resolve) => store.onChange(resolve));
writeSync(1, 'open\n');
await begin;

async function click(): Promise<string> {
  const from = cards[Math.floor(Math.random() * cards.length)];
  if (from?.state !== 'pending') throw new Error('there is no card to click on');
  const to = approved(from, values.person);
  const { outcome } = await store.change({ from, to, event: eventOf('approved', values.person) });
  return outcome;
}

for (let left = Number(values.clicks); left > 0; left -= 20) {
  const outcomes = await Promise.all(Array.from({ length: Math.min(left, 20) }, click));
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
}
await store.close();
writeSync(1, `${JSON.stringify(counts)}\n`);
