import pLimit, { type LimitFunction } from 'p-limit';
import type { BotOptions } from './bot.ts';
import { explain, PromotionError, refuse, type Refusal } from './errors.ts';
import { propose, refuseAsked } from './proposing.ts';
import { beginPush, expire, failApproved, finish, push, refuseApproved } from './pushing.ts';
import { tellInterrupted } from './repinning.ts';
import { isRetryable } from './retryable.ts';
import { hasWork, type Promotion } from './states.ts';
import { tellForgotten } from './waiting.ts';

interface Working extends BotOptions {
  /** Plans stream whole artifacts: a few at a time. Pushes go one after the other. */
  readonly lanes: { readonly plan: LimitFunction; readonly push: LimitFunction };
}

/**
 * Carries promotions from state to state, each under the store’s hold, until nothing is due. Every step may be
 * repeated after a crash: what it did outside is recognised.
 */
export function createWork(options: BotOptions): () => Promise<void> {
  const working = { ...options, lanes: { plan: pLimit(3), push: pLimit(1) } };
  const lookBack = seldom(options.now, async () => {
    await tellForgotten(options);
    await tellInterrupted(options);
  });
  return async () => {
    await expireOverdue(options);
    await lookBack();
    const due = await options.ports.store.list({ states: hasWork, limit: 1000 });
    const oldestFirst = due.toReversed();
    const ended = await Promise.allSettled(oldestFirst.map(({ id }) => pursue(id, working)));
    // One that fails is taken up again at the next tick; it keeps no other from going on.
    for (const [at, one] of ended.entries()) {
      if (one.status === 'fulfilled') continue;
      const facts = { promotion: oldestFirst[at]?.id, error: one.reason as unknown };
      options.log('error', 'a promotion could not be taken on', facts);
    }
  };
}

/** Milliseconds between two looks at what no change announces. */
const pause = 60_000;

/** At the first call, and then once in a while. */
function seldom(now: () => Date, work: () => Promise<void>): () => Promise<void> {
  let due = 0;
  return async () => {
    if (now().getTime() < due) return;
    due = now().getTime() + pause;
    await work();
  };
}

/** Again where somebody changed it just when it was let go: their wake-up found it held. */
async function pursue(id: string, options: Working): Promise<void> {
  const { store } = options.ports;
  for (;;) {
    const version = await store.hold(id, (held) =>
      advance(id, { ...options, signal: AbortSignal.any([options.signal, held]) }),
    );
    const after = version === undefined ? undefined : await store.get(id);
    if (!after || after.version === version || !hasWork.includes(after.state)) return;
  }
}

/** One promotion as far as it goes by itself. Returns the version at which it rests. */
async function advance(id: string, options: Working): Promise<number> {
  let version = -1;
  for (;;) {
    const promotion = await options.ports.store.get(id);
    const rests = !promotion || promotion.version === version || !hasWork.includes(promotion.state);
    if (rests || options.signal.aborted) return promotion?.version ?? version;
    version = promotion.version;
    await attempt(promotion, options);
  }
}

async function attempt(promotion: Promotion, options: Working): Promise<void> {
  try {
    await step(promotion, options);
  } catch (error) {
    // Parked: the state says where to take it up again.
    if (options.signal.aborted) return;
    await settle(promotion, error, options);
  }
}

async function step(promotion: Promotion, options: Working): Promise<void> {
  switch (promotion.state) {
    case 'asked':
      return options.lanes.plan(() => propose(promotion, options));
    case 'approved':
      return beginPush(promotion, options);
    case 'pushing':
      return options.lanes.push(() => push(promotion, options));
    case 'promoted':
      return finish(promotion, options);
    default:
      return undefined;
  }
}

/** A step threw: refused where the world is not the approved one, failed and retryable where it is merely broken. */
async function settle(promotion: Promotion, error: unknown, options: BotOptions): Promise<void> {
  const refusal = reasonOf(error, promotion);
  options.log('warn', explain(refusal), { promotion: promotion.id, reason: refusal.reason, error });
  switch (promotion.state) {
    case 'asked':
      return refuseAsked(promotion, refusal, options);
    case 'approved':
    case 'pushing':
      return isRetryable(refusal)
        ? failApproved(promotion, refusal, options)
        : refuseApproved(promotion, refusal, options);
    default:
      return undefined;
  }
}

function reasonOf(error: unknown, { id }: Promotion): Refusal {
  if (error instanceof PromotionError) return error.refusal;
  return refuse('unexpected', { problem: error instanceof Error ? error.name : 'unknown', id });
}

async function expireOverdue(options: BotOptions): Promise<void> {
  const { ports, now } = options;
  for (const promotion of await ports.store.list({ states: ['pending'], limit: 1000 })) {
    if (promotion.state !== 'pending' || now().getTime() < Date.parse(promotion.expires)) continue;
    await expire(promotion, options);
  }
}
