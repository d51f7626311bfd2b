import type { BotOptions } from './bot.ts';
import { anchored, targetFree } from './messages.ts';
import type { Store } from './store-port.ts';
import { holdsTarget, type Promotion } from './states.ts';

/** More than anybody has seen: every one of them is told, each once. */
const everybody = 10_000;
/** How far back it is looked for whoever was not told. */
const newest = 1000;

/** Stores in which somebody could not be told. */
const missed = new WeakSet<Store>();

/**
 * Tells those who were refused because this promotion held their target that it is free now: each once. What ended is
 * recorded by now, so this never fails; who could not be told is told by {@link tellMissed}.
 */
export async function tellWaiting(ended: Promotion, { ports, log }: BotOptions): Promise<void> {
  const { store } = ports;
  try {
    if (isFree(ended)) await tell(ended, store);
  } catch (error) {
    missed.add(store);
    log('warn', 'who waits for a target is told later', { promotion: ended.id, error });
  }
}

/** The same for whoever could not be told just now. */
export async function tellMissed(options: BotOptions): Promise<void> {
  const { store } = options.ports;
  if (!missed.has(store)) return;
  await tellForgotten(options);
  missed.delete(store);
}

/**
 * The same for whoever was not told: the bot was killed right after the end, or the end came just before the refusal.
 */
export async function tellForgotten({ ports }: BotOptions): Promise<void> {
  const { store } = ports;
  const waiting = await store.list({ waitsFor: 'anybody', limit: newest });
  for (const id of new Set(waiting.map(holderOf))) {
    const holder = id === undefined ? undefined : await store.get(id);
    if (holder && isFree(holder)) await tell(holder, store);
  }
}

function isFree(promotion: Promotion): boolean {
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
      endsWait: true,
      envelope: `target-free:${one.id}:${ended.id}`,
      event: { kind: 'target-free', actor: 'bot', data: { holder: ended.id, state: ended.state } },
      posts: (anchor) => [{ kind: 'thread', message: anchored(targetFree(one, ended), anchor) }],
    });
  }
}
