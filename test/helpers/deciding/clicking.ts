import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Click } from '../../../src/domain/delivery.ts';
import { createBot } from '../../../src/flow/bot.ts';
import type { Store } from '../../../src/store-port.ts';
import { hasWork } from '../../../src/domain/states.ts';
import { without, type Guard } from './broken-stores.ts';
import { accountsOf, everybody } from './people.ts';
import { policyOf, portsOf } from './outside.ts';
import { pick, randomFrom } from '../../../local/rig/random.ts';
import { free } from '../../../local/rig/free-holding.ts';

export interface Clicking {
  readonly clicks: number;
  /** Clicks at once. */
  readonly atOnce: number;
  readonly seed: number;
  readonly required: number;
  /** Where each run of the engine is noted: `<tag> <process>`, a line a run. */
  readonly runs: string;
  readonly missing?: Guard | undefined;
}

/** A bot as each process has one; its engine notes that it ran, whatever becomes of the process. */
export function clickedBot(given: Store, { required, runs, missing }: Clicking) {
  const store = without(missing, given);
  const engine = async ({ target }: { readonly target: { readonly tag: string } }) => {
    appendFileSync(runs, `${target.tag} ${process.pid}\n`);
    // Long enough for others to come in between.
    // Whoever should not push at the same time has time to where nothing keeps it from that.
    await sleep(missing ? 30 : 2);
  };
  return createBot({
    policy: policyOf({ required }),
    ports: { ...portsOf({ engine }), store },
    now: () => new Date(),
    newId: () => `p${crypto.randomUUID().slice(0, 13)}`,
    holding: free,
    log: () => {},
    signal: new AbortController().signal,
  });
}

/**
 * Everybody clicks Approve on every card, the requesters and their other accounts most of all, again and again, some
 * clicks in copies, while the bot carries out what was decided. Returns when nothing is left to do.
 */
export async function clickAround(store: Store, clicking: Clicking): Promise<void> {
  const random = randomFrom(clicking.seed);
  const bot = clickedBot(store, clicking);
  const cards = await store.list({ states: ['pending'], limit: 1000 });
  const sent: Click[] = [];
  const click = (n: number): Click => {
    const card = pick(cards, random);
    if (card.state !== 'pending') throw new Error('There is no card to click on');
    const { id: promotion, planHash, requester } = card;
    const place = { team: 'T0LOCAL01', channel: 'C0IMAGES1' };
    // Every other click is the requester’s, from one account or another.
    const user = pick(random() < 0.5 ? accountsOf(requester) : everybody, random);
    const envelope = `${clicking.seed} ${n}`;
    return { action: 'approve', promotion, planHash, user, envelope, ...place };
  };
  // A second line of defence, such as a key of a table, may stop what the missing guard let through.
  const clicked = async (one: Click) =>
    bot.onDecision(one).catch((error: unknown) => {
      if (!clicking.missing) throw error;
    });
  const done = new AbortController();
  const carryingOut = carryOut(bot, done.signal);
  try {
    for (let n = 0; n < clicking.clicks; n += clicking.atOnce) {
      const some = Array.from({ length: clicking.atOnce }, (_, k) =>
        sent.length > 0 && random() < 0.05 ? pick(sent, random) : click(n + k),
      );
      sent.push(...some);
      await Promise.all(some.map(clicked));
    }
    while ((await store.list({ states: hasWork, limit: 1 })).length > 0) await sleep(20);
  } finally {
    done.abort();
    await carryingOut;
  }
}

async function carryOut(bot: { onTick(): Promise<void> }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await bot.onTick();
    await sleep(20);
  }
}
