import type { BotOptions } from './bot.ts';
import { anchored, targetFree } from './messages.ts';
import type { Store } from './ports.ts';
import { holdsTarget, type Promotion } from './states.ts';

/** How far back it is looked for somebody who was told to wait. */
const lookBack = 100;

/** Stores in which nobody can have been missed. At the start nobody knows: the bot may have been killed just then. */
const looked = new WeakSet<Store>();

/**
 * Tells those who were refused because this promotion held their target that it is free now: each once. What ended is
 * recorded by now, so this never fails; who could not be told is told by {@link tellMissed}.
 */
export async function tellWaiting(ended: Promotion, { ports, log }: BotOptions): Promise<void> {
  const { store } = ports;
  try {
    if (isFreed(ended)) await tell(ended, await whoWaited(store, ended.ask.image), store);
  } catch (error) {
    looked.delete(store);
    log('warn', 'who waits for a target is told later', { promotion: ended.id, error });
  }
}

/** Looks once, and again after a failure, for whoever still waits for a target that is free. */
export async function tellMissed({ ports }: BotOptions): Promise<void> {
  const { store } = ports;
  if (looked.has(store)) return;
  const waiting = await whoWaited(store, undefined);
  for (const id of new Set(waiting.map(({ holder }) => holder))) {
    const holder = await store.get(id);
    if (holder && isFreed(holder)) await tell(holder, waiting, store);
  }
  looked.add(store);
}

function isFreed(promotion: Promotion): boolean {
  return 'plan' in promotion && !!promotion.plan && !holdsTarget.includes(promotion.state);
}

/** Those who were refused because another promotion held their target. */
async function whoWaited(store: Store, image: string | undefined) {
  const ofImage = image === undefined ? {} : { image };
  const refused = await store.list({ states: ['refused'], ...ofImage, limit: lookBack });
  return refused.flatMap((one) => {
    const holder = one.state === 'refused' ? one.refusal.facts['holder'] : undefined;
    const isBusy = one.state === 'refused' && one.refusal.reason === 'target-busy';
    return isBusy && holder !== undefined ? [{ one, holder }] : [];
  });
}

async function tell(
  ended: Promotion,
  waiting: Awaited<ReturnType<typeof whoWaited>>,
  store: Store,
): Promise<void> {
  for (const { one, holder } of waiting) {
    if (holder !== ended.id) continue;
    await store.note({
      promotion: one.id,
      envelope: `target-free:${one.id}:${ended.id}`,
      event: { kind: 'target-free', actor: 'bot', data: { holder: ended.id, state: ended.state } },
      posts: (anchor) => [{ kind: 'thread', message: anchored(targetFree(one, ended), anchor) }],
    });
  }
}
