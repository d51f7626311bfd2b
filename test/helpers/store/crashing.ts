import { writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Post } from '../../../src/domain/post.ts';
import { openStore } from '../../../src/store/store.ts';
import { approved, asked, card, eventOf, pending, thread } from '../../../local/rig/promotions.ts';
import { keyFor } from '../../../local/rig/key.ts';

/**
 * Changes promotions as fast as it can until it is killed, and prints `id version seq` once a change is committed.
 * `--within n`: kills itself in the middle of the n-th transaction. `--after n`: right after the n-th, unprinted.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string', default: '' },
    name: { type: 'string', default: '' },
    within: { type: 'string' },
    after: { type: 'string' },
  },
});

const store = await openStore(values.url, { now: () => new Date(), ...keyFor(values.url) });
writeSync(1, 'open\n');
let transactions = 0;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function posts(...all: readonly Post[]): () => readonly Post[] {
  return () => {
    transactions += 1;
    if (transactions === Number(values.within)) die();
    return all;
  };
}

function committed(changed: Awaited<ReturnType<typeof store.create>>) {
  if (transactions === Number(values.after)) die();
  if (changed.outcome !== 'changed') throw new Error(changed.outcome);
  const { promotion, anchor } = changed;
  writeSync(1, `${promotion.id} ${promotion.version} ${anchor.seq}\n`);
  return promotion;
}

for (let n = 0; ; n += 1) {
  const id = `${values.name}-${n}`;
  const envelope = (step: string) => `${id} ${step}`;
  const to = asked(id);
  const first = { event: eventOf('asked'), envelope: envelope('ask'), posts: posts(card(id)) };
  const one = committed(await store.create({ to, ...first }));
  if (one.state !== 'asked') throw new Error(one.state);
  const second = { event: eventOf('pending'), posts: posts(thread(id), card(id)) };
  const two = committed(await store.change({ from: one, to: pending(one, id), ...second }));
  if (two.state !== 'pending') throw new Error(two.state);
  const third = { event: eventOf('approved'), envelope: envelope('click'), posts: posts(card(id)) };
  committed(await store.change({ from: two, to: approved(two), ...third }));
}
