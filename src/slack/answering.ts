import type { KnownBlock, ModalView } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, type Answer } from '../domain/delivery.ts';
import type { Log } from '../ports.ts';
import { canonical } from '../domain/canonical.ts';
import { PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import { refused } from '../words/messages.ts';
import type { Message } from '../domain/post.ts';
import { slackProblem } from './trouble.ts';

/** How long Slack waits for a sign of life is 3 s; after this many milliseconds it gets one, ready or not. */
const ackBudget = 800;

/**
 * Slack gets its sign of life when the work is stored, and in any case in time; what people are told of it comes after.
 * A sign that does not arrive makes Slack deliver again, and the copy counts for nothing.
 */
export async function ackInTime<T>(
  ack: () => Promise<unknown>,
  work: Promise<T>,
  log: Log,
): Promise<T> {
  const settled = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([settled, sleep(ackBudget, undefined, { ref: false })]);
  await ack().catch((error: unknown) => log('warn', 'Slack was not acknowledged', { error }));
  return work;
}

/** The person who is to see an answer, and the ways to them. */
export interface Asker {
  readonly client: WebClient;
  readonly user: string;
  readonly channel: string;
  /** Slack’s address for answers to this very delivery. */
  readonly responseUrl: string | undefined;
  readonly isOurChannel: boolean;
  readonly log: Log;
}

/** Shows an answer to one person. What fails unforeseen is told as well: nobody waits for an answer that never comes. */
export async function showAnswer(work: Promise<Answer>, asker: Asker): Promise<Answer | undefined> {
  try {
    const given = await work;
    if (given.show === 'message') await tell(given.message, asker);
    return given;
  } catch (error) {
    asker.log('error', 'a delivery could not be handled', { error });
    await tell(refused(reasonOf(error, asker)), asker);
    return undefined;
  }
}

function reasonOf(error: unknown, { user }: Asker): Refusal {
  if (error instanceof PromotionError) return error.refusal;
  const problem = error instanceof Error ? error.name : 'unknown';
  return refuse('unexpected', { problem, id: user });
}

/** Somebody for whom a modal can be opened: Slack’s trigger lives 3 s, so this is quick or not at all. */
export type Opener = Asker & { readonly trigger: string };

/** Opens a modal. What a person is told where Slack did not; nothing where a copy of the delivery had opened it. */
export async function openView(view: ModalView, opener: Opener): Promise<Answer> {
  try {
    await opener.client.views.open({ trigger_id: opener.trigger, view });
    return { show: 'nothing' };
  } catch (error) {
    const problem = slackProblem(error);
    opener.log('warn', 'a form was not opened', { error });
    if (problem === 'exchanged_trigger_id') return { show: 'nothing' };
    return answer(refused(refuse('form-unopened', { problem })));
  }
}

/** Only that person sees it. Outside our channel the bot may be no member: there Slack’s own address is the way. */
async function tell(message: Message, asker: Asker): Promise<void> {
  const ways = asker.isOurChannel ? [byChannel, byAddress] : [byAddress, byChannel];
  for (const way of ways) {
    try {
      if (await way(message, asker)) return;
    } catch (error) {
      asker.log('warn', 'an answer did not reach its person', { error });
    }
  }
}

async function byChannel(
  { text, blocks }: Message,
  { client, user, channel }: Asker,
): Promise<boolean> {
  await client.chat.postEphemeral({
    channel,
    user,
    text,
    blocks: blocks as object[] as KnownBlock[],
    parse: 'none',
  });
  return true;
}

async function byAddress({ text, blocks }: Message, { responseUrl }: Asker): Promise<boolean> {
  if (!responseUrl) return false;
  const answered = await fetch(responseUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      response_type: 'ephemeral',
      replace_original: false,
      parse: 'none',
      text,
      blocks,
    }),
    redirect: 'error',
    signal: AbortSignal.timeout(5000),
  });
  return answered.ok;
}

/**
 * One key for one delivery: Slack may deliver the same more than once, in other envelopes. Made of everything that
 * tells two deliveries apart, so that it needs no field that some transport leaves out.
 */
export function envelopeKey(kind: string, parts: object): string {
  return `${kind}:${createHash('sha256').update(canonical(parts)).digest('hex')}`;
}
