import type { Log } from '../ports.ts';
import { anchored, targetFree } from '../words/messages.ts';
import type { Store } from '../store-port.ts';
import { holdsTarget, type Promotion } from '../domain/states.ts';

/** More than anybody has seen: every one of them is told, each once. */
const everybody = 10_000;
/** How far back it is looked for whoever was not told. */
const newest = 1000;

/** Those who were refused because another promotion held their target. */
export interface WaitingList {
  /**
   * Tells those who waited for this promotion’s target that it is free now, if it is: each once. What ended is recorded
   * by now, so this never fails; who could not be told is told by `tellMissed`.
   */
  tell(ended: Promotion): Promise<void>;
  /** The same for whoever could not be told just now. */
  tellMissed(): Promise<void>;
  /**
   * The same for whoever was not told: the bot was killed right after the end, or the end came just before the refusal.
   */
  tellForgotten(): Promise<void>;
}

/** The list is in the store; that somebody on it could not be told is known to this process alone. */
export function createWaitingList(store: Store, log: Log): WaitingList {
  let hasMissed = false;
  const tellForgotten = async (): Promise<void> => {
    const waiting = await store.list({ waitsFor: 'anybody', limit: newest });
    for (const id of new Set(waiting.map(holderOf))) {
      const holder = id === undefined ? undefined : await store.get(id);
      if (holder && isFree(holder)) await tell(holder, store);
    }
  };
  return {
    async tell(ended) {
      try {
        if (isFree(ended)) await tell(ended, store);
      } catch (error) {
        hasMissed = true;
        log('warn', 'who waits for a target is told later', { promotion: ended.id, error });
      }
    },
    async tellMissed() {
      if (!hasMissed) return;
      await tellForgotten();
      hasMissed = false;
    },
    tellForgotten,
  };
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
