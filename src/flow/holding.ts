import type { Log, Witness, Holding } from '../ports.ts';
import { PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import { holding as holdingWords } from '../words/hold-message.ts';
import type { Store } from '../store-port.ts';
import type { CardPlace } from '../domain/post.ts';
import { open } from '../domain/states.ts';

export interface HoldingOptions {
  readonly store: Pick<Store, 'unknown' | 'list' | 'card' | 'head'>;
  readonly witness: Witness;
  /** Called once when the log and the channel agree for the first time. */
  readonly onAgreed: () => Promise<unknown>;
  readonly log: Log;
}

/** Threads that are read at each look. */
const threads = 20;

/**
 * At the start and every minute: a database that was restored, or whose log was cut, is behind what the channel has
 * seen. Nothing of this is stored, so that nobody who has the database can end it: it is found anew each time.
 */
export function createHolding(options: HoldingOptions): Holding {
  const { log } = options;
  const looked = Promise.withResolvers<void>();
  const doubts = new Set<string>();
  const state: Comparison = { stopping: new AbortController(), isIntroduced: false };
  let hasLooked = false;
  let problem = 'not yet';
  let under: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    try {
      await compare(state, options);
    } catch (error) {
      problem = error instanceof PromotionError ? error.message : 'Slack does not answer';
      log('warn', 'the log could not be compared with the channel', { error });
    }
    hasLooked = true;
    looked.resolve();
  };
  return {
    look: () => (under ??= look().finally(() => (under = undefined))),
    looked: looked.promise,
    close: () => looked.resolve(),
    held: () => state.refusal,
    mayAct: () => hasLooked && !state.refusal,
    mayPush: () => state.isIntroduced && !state.refusal,
    signal: () => state.stopping.signal,
    doubt: (promotion) => void doubts.add(promotion),
    trouble() {
      if (state.refusal) return new PromotionError(state.refusal).message;
      if (doubts.size > 0) {
        return `the audit log does not say what the database says of ${[...doubts].join(', ')}: run audit verify`;
      }
      return state.isIntroduced || !hasLooked
        ? undefined
        : `the log was not compared with the channel since the start, so nothing is pushed: ${problem}`;
    },
  };
}

/** What came of the looks so far. */
interface Comparison {
  refusal?: Refusal | undefined;
  stopping: AbortController;
  /** They agreed once, and {@link HoldingOptions} `onAgreed` was called. */
  isIntroduced: boolean;
}

async function compare(
  state: Comparison,
  { store, witness, onAgreed, log }: HoldingOptions,
): Promise<void> {
  const unknown = await store.unknown(await witness.anchors(await cardsUnderWay(store)));
  const newest = unknown.toSorted((a, b) => b.seq - a.seq)[0];
  if (!newest) {
    if (state.refusal) log('info', 'the log and the channel agree again: the bot goes on');
    if (state.stopping.signal.aborted) state.stopping = new AbortController();
    state.refusal = undefined;
    if (!state.isIntroduced) await onAgreed();
    state.isIntroduced = true;
    return;
  }
  const isNew = !state.refusal;
  const { seq } = await store.head();
  const refusal = refuse('bot-holds', { seen: String(newest.seq), head: String(seq) });
  state.refusal = refusal;
  state.stopping.abort(new PromotionError(refusal));
  if (isNew) {
    log('error', 'the channel has seen more of the log than there is: the bot holds', {
      ...refusal.facts,
    });
  }
  await witness.say(holdingWords(refusal), `hold:${newest.seq}:${newest.hash}`);
}

/** Where the promotions that are under way have their cards. */
export async function cardsUnderWay(
  store: Pick<Store, 'list' | 'card'>,
): Promise<readonly CardPlace[]> {
  const underWay = await store.list({ states: open, limit: threads });
  const cards = await Promise.all(underWay.map(({ id }) => store.card(id)));
  return cards.filter((card) => card !== undefined);
}

/** How often it is looked, in milliseconds; and how often where Slack has not answered since the start. */
const every = 60_000;
const again = 5_000;

/** Looks now and every minute, and after each change while it holds: it may have been accepted. Returns the end of it. */
export function keepLooking(
  holding: Holding,
  onChange: (listener: () => void) => () => void,
): () => void {
  const look = (): void => void holding.look();
  let waited = 0;
  look();
  const timer = setInterval(() => {
    waited += again;
    if (waited < every && (holding.mayPush() || holding.held())) return;
    waited = 0;
    look();
  }, again).unref();
  const stopListening = onChange(() => {
    if (holding.held()) look();
  });
  return () => {
    clearInterval(timer);
    stopListening();
    holding.close();
  };
}

/** The event by which the log knows whose messages witness it. */
export const introduced = 'introduced';

/** Notes in the log which bot speaks for it in Slack, once for each that ever did. */
export async function noteBot(
  store: Pick<Store, 'note'>,
  { botId, botUserId }: { readonly botId: string; readonly botUserId: string },
): Promise<void> {
  const event = { kind: introduced, actor: 'bot', data: { botId, botUserId } };
  await store.note({ event, envelope: `introduced:${botId}` });
}
