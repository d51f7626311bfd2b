import type { BotOptions } from './bot.ts';
import { anchored, targetFree } from './messages.ts';
import type { Store } from './ports.ts';
import { holdsTarget, type Promotion } from './states.ts';

/** More than anybody has seen: every one of them is told, each once. */
const everybody = 10_000;
/** How far back it is looked at the start. */
const newest = 1000;

/** Stores in which nobody can have been missed. At the start nobody knows: the bot may have been killed just then. */
const looked = new WeakSet<Store>();

/**
 * Tells those who were refused because this promotion held their target that it is free now: each once. What ended is
 * recorded by now, so this never fails; who could not be told is told by {@link tellMissed}.
 */
export async function tellWaiting(ended: Promotion, { ports, log }: BotOptions): Promise<void> {
  const { store } = ports;
  try {
    if (isFreed(ended)) await tell(ended, store);
  } catch (error) {
    looked.delete(store);
    log('warn', 'who waits for a target is told later', { promotion: ended.id, error });
  }
}

/** Looks once, and again after a failure, for whoever still waits for a target that is free. */
export async function tellMissed({ ports }: BotOptions): Promise<void> {
  const { store } = ports;
  if (looked.has(store)) return;
  const waiting = await store.list({ waitsFor: 'anybody', limit: newest });
  for (const id of new Set(waiting.map(holderOf))) {
    const holder = id === undefined ? undefined : await store.get(id);
    if (holder && isFreed(holder)) await tell(holder, store);
  }
  looked.add(store);
}

function isFreed(promotion: Promotion): boolean {
  return 'plan' in promotion && !!promotion.plan && !holdsTarget.includes(promotion.state);
}

function holderOf(promotion: Promotion): string | undefined {
  return promotion.state === 'refused' ? promotion.refusal.facts['holder'] : undefined;
}

async function tell(ended: Promotion, store: Store): Promise<void> {
  for (const one of await store.list({ waitsFor: ended.id, limit: everybody })) {
    if (one.state !== 'refused') continue;
    await store.note({
      promotion: one.id,
      envelope: `target-free:${one.id}:${ended.id}`,
      event: { kind: 'target-free', actor: 'bot', data: { holder: ended.id, state: ended.state } },
      posts: (anchor) => [{ kind: 'thread', message: anchored(targetFree(one, ended), anchor) }],
    });
  }
}
