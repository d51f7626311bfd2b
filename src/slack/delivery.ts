import type { WebClient } from '@slack/web-api';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CardPlace } from '../domain/post.ts';
import type { Holding, Log } from '../ports.ts';
import type { QueuedPost, Store } from '../store-port.ts';
import type { PostWatch } from './post-watch.ts';
import { isHopeless, sendPost, TakenOver } from './posts.ts';
import { lasts, retryAfter, slackProblem } from './trouble.ts';

export interface DeliveryOptions {
  readonly store: Store;
  readonly client: WebClient;
  /** Where requests, approvals and the audit trail are. */
  readonly channel: string;
  readonly now: () => Date;
  readonly log: Log;
  readonly watch: Pick<PostWatch, 'taken' | 'refused' | 'givenUp'>;
  /** Whether anything may be posted: what a restored database has to say is old. */
  readonly holding: Pick<Holding, 'looked' | 'mayAct'>;
  readonly signal: AbortSignal;
}

/** How long is sent after the signal, in milliseconds; a call that has begun then still ends. */
const farewell = 5_000;

/** The longest pause before a post is tried again, in milliseconds. */
const longestPause = 60_000;

/**
 * Gives Slack every post in the outbox, in order for each promotion, until Slack has it. Runs until the signal; what
 * is due then is still sent, as far as Slack takes it. The rest stays in the outbox for the next start.
 */
export async function deliverPosts(options: DeliveryOptions): Promise<void> {
  const { store, signal, now, log, holding } = options;
  const unrecorded = new Map<number, CardPlace>();
  let wake = Promise.withResolvers<void>();
  const stopListening = store.onChange(() => wake.resolve());
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  await Promise.race([holding.looked, aborted(signal)]);
  while (!signal.aborted) {
    wake = Promise.withResolvers<void>();
    try {
      await record(unrecorded, store);
      const due = holding.mayAct() ? await store.outbox.due(now()) : [];
      await Promise.all(due.map((queued) => deliver(queued, unrecorded, options)));
      if (due.length > 0) continue;
      const next = holding.mayAct() ? await store.outbox.next() : undefined;
      const pause = next ? Math.min(Math.max(next.getTime() - now().getTime(), 20), 5000) : 5000;
      await Promise.race([wake.promise, sleep(pause, undefined, { ref: false })]);
    } catch (error) {
      log('error', 'the outbox cannot be read or written', { error });
      await Promise.race([sleep(1000, undefined, { ref: false }), aborted(signal)]);
    }
  }
  stopListening();
  await sendRest(unrecorded, options).catch((error: unknown) =>
    log('error', 'the outbox cannot be read or written', { error }),
  );
}

async function sendRest(
  unrecorded: Map<number, CardPlace>,
  options: DeliveryOptions,
): Promise<void> {
  const { store, now, holding } = options;
  const last = performance.now() + farewell;
  while (performance.now() < last && holding.mayAct()) {
    await record(unrecorded, store);
    const due = await store.outbox.due(now());
    if (due.length === 0) return;
    await Promise.all(due.map((queued) => deliver(queued, unrecorded, options)));
  }
}

/** What Slack has and the database did not take note of: as long as somebody knows, nobody need look for it. */
async function record(unrecorded: Map<number, CardPlace>, { outbox }: Store): Promise<void> {
  for (const [id, place] of unrecorded) {
    await outbox.sent(id, place);
    unrecorded.delete(id);
  }
}

async function deliver(
  queued: QueuedPost,
  unrecorded: Map<number, CardPlace>,
  options: DeliveryOptions,
): Promise<void> {
  const { store, now, watch } = options;
  const isOurs = () => store.outbox.isOurs(queued.id);
  const sent = await sendPost(queued, { ...options, isOurs }).then(
    (place) => ({ place }),
    (error: unknown) => ({ error }),
  );
  if ('error' in sent && sent.error instanceof TakenOver) return;
  if ('place' in sent) watch.taken(queued.id);
  const asked = 'error' in sent ? (retryAfter(sent.error) ?? 0) * 1000 : 0;
  const pause = asked || Math.min(longestPause, 500 * 2 ** queued.attempts);
  const again = new Date(now().getTime() + pause);
  const place = 'place' in sent ? sent.place : giveUp(queued, { ...sent, again }, options);
  if (place) {
    unrecorded.set(queued.id, place);
    await store.outbox.sent(queued.id, place);
    unrecorded.delete(queued.id);
  } else await store.outbox.later(queued.id, again);
}

/** Where a post belongs that Slack will never take; `undefined` where it is tried again. Either is told. */
function giveUp(
  queued: QueuedPost,
  { error, again }: { readonly error: unknown; readonly again: Date },
  { channel, log, watch }: DeliveryOptions,
): CardPlace | undefined {
  const problem = slackProblem(error);
  const { id, post, promotion, attempts } = queued;
  const facts = { post: post.kind, promotion, problem, attempts };
  if (isHopeless(error, queued)) {
    log('error', 'Slack will never take this post; given up', facts);
    watch.givenUp(id);
    // No place of its own: what would follow in it is posted anew.
    const nowhere = { channel, ts: '' };
    return post.kind === 'card' ? (queued.card ?? nowhere) : nowhere;
  }
  log(lasts(error) ? 'error' : 'warn', 'Slack did not take a post; it is tried again', facts);
  watch.refused(id, { problem, lasts: lasts(error), again });
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
