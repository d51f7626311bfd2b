import type { WebClient } from '@slack/web-api';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../bot.ts';
import type { QueuedPost, Store } from '../ports.ts';
import { isHopeless, sendPost } from './posts.ts';
import { retryAfter, slackProblem } from './trouble.ts';

export interface DeliveryOptions {
  readonly store: Store;
  readonly client: WebClient;
  /** Where requests, approvals and the audit trail are. */
  readonly channel: string;
  readonly now: () => Date;
  readonly log: Log;
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
  const { store, signal, now, log } = options;
  let wake = Promise.withResolvers<void>();
  const stopListening = store.onChange(() => wake.resolve());
  signal.addEventListener('abort', () => wake.resolve(), { once: true });
  while (!signal.aborted) {
    wake = Promise.withResolvers<void>();
    try {
      const due = await store.outbox.due(now());
      await Promise.all(due.map((queued) => deliver(queued, options)));
      if (due.length > 0) continue;
      const next = await store.outbox.next();
      const pause = next ? Math.min(Math.max(next.getTime() - now().getTime(), 20), 5000) : 5000;
      await Promise.race([wake.promise, sleep(pause, undefined, { ref: false })]);
    } catch (error) {
      log('error', 'the outbox cannot be read', { error });
      await Promise.race([sleep(1000, undefined, { ref: false }), aborted(signal)]);
    }
  }
  stopListening();
  await sendRest(options).catch((error: unknown) =>
    log('error', 'the outbox cannot be read', { error }),
  );
}

async function sendRest(options: DeliveryOptions): Promise<void> {
  const { store, now } = options;
  const last = performance.now() + farewell;
  while (performance.now() < last) {
    const due = await store.outbox.due(now());
    if (due.length === 0) return;
    await Promise.all(due.map((queued) => deliver(queued, options)));
  }
}

async function deliver(queued: QueuedPost, options: DeliveryOptions): Promise<void> {
  const { store, now, log } = options;
  try {
    const isOurs = () => store.outbox.isOurs(queued.id);
    const place = await sendPost(queued, { ...options, isOurs });
    await store.outbox.sent(queued.id, place);
  } catch (error) {
    const facts = {
      post: queued.post.kind,
      promotion: queued.promotion,
      problem: slackProblem(error),
      attempts: queued.attempts,
    };
    if (isHopeless(error, queued)) {
      log('error', 'Slack will never take this post; given up', facts);
      // No place of its own: what would follow in it is posted anew.
      const nowhere = { channel: options.channel, ts: '' };
      const place = queued.post.kind === 'card' ? (queued.card ?? nowhere) : nowhere;
      await store.outbox.sent(queued.id, place);
      return;
    }
    log('warn', 'Slack did not take a post; it is tried again', facts);
    const pause =
      (retryAfter(error) ?? 0) * 1000 || Math.min(longestPause, 500 * 2 ** queued.attempts);
    await store.outbox.later(queued.id, new Date(now().getTime() + pause));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
