import pLimit, { type LimitFunction } from 'p-limit';
import type { AllHands } from './hands.ts';
import {
  explain,
  isDatabaseTrouble,
  isRetryable,
  PromotionError,
  refuse,
  type Refusal,
} from '../domain/errors.ts';
import { createRests } from './rests.ts';
import { propose, refuseAsked } from './proposing.ts';
import { endPush, expire, failApproved, finish, push } from './pushing.ts';
import { tellInterrupted } from './repin-ends.ts';
import { hasWork, type Promotion, type State } from '../domain/states.ts';
import { whileIn, type Doing, type In } from './watching.ts';

/** What all steps together take. */
type WorkHands = AllHands;

interface Working extends WorkHands {
  /** Plans stream whole artifacts: a few at a time. Pushes go one after the other. */
  readonly lanes: { readonly plan: LimitFunction; readonly push: LimitFunction };
}

/**
 * Carries promotions from state to state, each under the store’s hold, until nothing is due. Every step may be
 * repeated after a crash: what it did outside is recognised.
 */
export function createWork(options: WorkHands): () => Promise<void> {
  const working = { ...options, lanes: { plan: pLimit(3), push: pLimit(1) } };
  const rests = createRests(options.now);
  const lookBack = seldom(options.now, async () => {
    await options.waiting.tellForgotten();
    await tellInterrupted(options);
  });
  return async () => {
    const { working: due, overdue } = await options.ports.store.due(options.now());
    await expireOverdue(overdue, options);
    await lookBack();
    await options.waiting.tellMissed();
    const ids = due.filter((id) => !rests.isResting(id));
    const ended = await Promise.allSettled(ids.map((id) => pursue(id, working)));
    // One that fails is taken up again at a later tick; it keeps no other from going on.
    for (const [at, one] of ended.entries()) {
      const id = ids[at] ?? '';
      if (one.status === 'fulfilled') rests.wentOn(id);
      else {
        rests.failed(id);
        const error: unknown = one.reason;
        options.log('error', 'a promotion could not be taken on', { promotion: id, error });
      }
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
      advance(id, {
        ...options,
        signal: AbortSignal.any([options.signal, options.holding.signal(), held]),
      }),
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
    const waits = promotion && isPushed(promotion) && !options.holding.mayPush();
    if (rests || waits || options.signal.aborted) return promotion?.version ?? version;
    version = promotion.version;
    await attempt(promotion, options);
  }
}

/** Nothing is pushed before the log was compared with the channel. */
function isPushed({ state }: Promotion): boolean {
  return state === 'approved' || state === 'pushing';
}

async function attempt(promotion: Promotion, options: Working): Promise<void> {
  try {
    await step(promotion, options);
  } catch (error) {
    // Parked: the state says where to take it up again.
    if (options.signal.aborted) return;
    // What was done is not recorded, so nothing may be said of it: it is taken up again and recognised.
    if (isDatabaseTrouble(error)) throw error;
    // As it is by now: this step may have moved it on, or somebody may have taken it back.
    const now = await options.ports.store.get(promotion.id);
    if (now && hasWork.includes(now.state)) await settle(now, error, options);
  }
}

async function step(promotion: Promotion, options: Working): Promise<void> {
  const { id } = promotion;
  const { lanes } = options;
  switch (promotion.state) {
    case 'asked':
      return inTurn(lanes.plan, { id, states: ['asked'], options }, propose);
    case 'approved':
    case 'pushing':
      return inTurn(lanes.push, { id, states: ['approved', 'pushing'], options }, push);
    case 'promoted':
      return finish(promotion, options);
    default:
      return undefined;
  }
}

/**
 * Its turn may come late, and the artifact stream for long. Nothing is begun any more whose turn comes only after the
 * bot was told to stop; what is begun is what is stored by then, and whoever takes it back meanwhile ends it.
 */
async function inTurn<S extends State>(
  lane: LimitFunction,
  { id, states, options }: Doing<S> & { readonly options: WorkHands },
  work: (now: In<S>, options: WorkHands) => Promise<void>,
): Promise<void> {
  await lane(async () => {
    options.signal.throwIfAborted();
    await whileIn({ id, states }, options, work);
  });
}

/** A step threw: refused where the world is not the approved one, failed and retryable where it is merely broken. */
async function settle(promotion: Promotion, error: unknown, options: WorkHands): Promise<void> {
  const refusal = reasonOf(error, promotion);
  options.log('warn', explain(refusal), { promotion: promotion.id, reason: refusal.reason, error });
  switch (promotion.state) {
    case 'asked':
      return refuseAsked(promotion, refusal, options);
    case 'approved':
    case 'pushing':
      return isRetryable(refusal)
        ? failApproved(promotion, refusal, options)
        : endPush(promotion, refusal, options);
    case 'promoted':
      // What the log knows nothing of is not told on.
      return refusal.reason === 'log-disagrees' ? endPush(promotion, refusal, options) : undefined;
    default:
      return undefined;
  }
}

function reasonOf(error: unknown, { id }: Promotion): Refusal {
  if (error instanceof PromotionError) return error.refusal;
  return refuse('unexpected', { problem: error instanceof Error ? error.name : 'unknown', id });
}

async function expireOverdue(ids: readonly string[], options: WorkHands): Promise<void> {
  for (const id of ids) {
    const promotion = await options.ports.store.get(id);
    // Approved or withdrawn just now.
    if (promotion?.state === 'pending') await expire(promotion, options);
  }
}
