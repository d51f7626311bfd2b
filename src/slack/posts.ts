import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import type { QueuedPost } from '../store-port.ts';
import type { CardPlace, Message, Post } from '../domain/post.ts';
import { inText } from '../words/unattached.ts';
import { lasts, slackProblem } from './trouble.ts';
import { upload } from './upload.ts';

/** The event type of our messages' metadata: by it, and the key in it, a message is recognised as ours. */
export const metadataType = 'promote_image';

/**
 * Gives one post to Slack and says where it is. May be repeated: after a first attempt whose reply was lost, what is
 * there already is found by its key and not posted again.
 */
export async function sendPost(queued: QueuedPost, sender: Sender): Promise<CardPlace> {
  const { post } = queued;
  const { client, channel } = sender;
  switch (post.kind) {
    case 'ephemeral': {
      const { user, message } = post;
      const shows = { ...shown(message), parse: 'none' } as const;
      const sent = await client.chat.postEphemeral({ channel, user, ...shows });
      return { channel, ts: sent.message_ts ?? '' };
    }
    case 'card':
      return queued.card ? update(queued.card, queued, sender) : say(queued, sender);
    case 'slot':
      return queued.slot ? update(queued.slot, queued, sender) : say(queued, sender);
    case 'thread':
      return say(queued, sender);
    case 'file':
      return attach(queued, post, sender);
  }
}

export interface Sender {
  readonly client: WebClient;
  readonly channel: string;
  /** Whether the post is still ours to send, asked right before it is. */
  readonly isOurs: () => boolean;
}

/** A process that slept has had its posts sent by another: it must neither repeat them nor undo what came after. */
function assertOurs({ isOurs }: Sender): void {
  if (!isOurs()) throw new TakenOver('another replica has this post by now');
}

/** Another replica sends this post by now. */
export class TakenOver extends Error {
  override readonly name = 'TakenOver';
}

async function say(queued: QueuedPost, sender: Sender): Promise<CardPlace> {
  const found = queued.attempts > 0 ? await lookedUp(queued, sender) : undefined;
  if (found?.message) return found.message;
  const { client, channel } = sender;
  assertOurs(sender);
  const sent = await client.chat.postMessage({
    channel: queued.card?.channel ?? channel,
    ...threadOf(queued),
    ...shown(queued.post.message),
    metadata: metadataOf(queued),
    unfurl_links: false,
    unfurl_media: false,
    parse: 'none',
  });
  return { channel: sent.channel ?? channel, ts: sent.ts ?? '' };
}

async function update(place: CardPlace, queued: QueuedPost, sender: Sender): Promise<CardPlace> {
  assertOurs(sender);
  await sender.client.chat.update({
    ...place,
    ...shown(queued.post.message),
    metadata: metadataOf(queued),
    parse: 'none',
  });
  return place;
}

/**
 * The file first, then the message about it: once the message is there, so is the file. Where Slack will not have the
 * file, the message has its text, or says that it could not be attached: what comes after it must not wait for ever.
 */
async function attach(
  queued: QueuedPost,
  post: Extract<Post, { kind: 'file' }>,
  sender: Sender,
): Promise<CardPlace> {
  const found = queued.attempts > 0 ? await lookedUp(queued, sender, post.name) : undefined;
  if (found?.message) return found.message;
  const problem = found?.hasFile ? undefined : await refusedUpload(queued, post, sender);
  const message = problem === undefined ? post.message : inText(post, problem);
  return say({ ...queued, post: { ...post, message }, attempts: 0 }, sender);
}

/** How often a file is offered before its text has to do: within half a minute of Slack being there. */
const offers = 4;

/** Slack's word for why it will not have the file; `undefined` where it has it. Throws what may pass. */
async function refusedUpload(
  queued: QueuedPost,
  { name, content }: Extract<Post, { kind: 'file' }>,
  sender: Sender,
): Promise<string | undefined> {
  try {
    const place = queued.card ?? { channel: sender.channel };
    const last = () => assertOurs(sender);
    await upload({ name, content, last }, place, sender.client);
    return undefined;
  } catch (error) {
    if (error instanceof TakenOver) throw error;
    if (!lasts(error) && queued.attempts < offers) throw error;
    return slackProblem(error);
  }
}

interface FoundPost {
  readonly message: CardPlace | undefined;
  readonly hasFile: boolean;
}

/** Where the bot may not look, a post that may be there twice is better than one that is never there. */
async function lookedUp(
  queued: QueuedPost,
  sender: Sender,
  file?: string,
): Promise<FoundPost | undefined> {
  try {
    return await findByKey(queued, sender, file);
  } catch (error) {
    if (!['missing_scope', 'unknown_method'].includes(slackProblem(error))) throw error;
    return undefined;
  }
}

/** Looks for a message with this post's key where it would have been posted. */
async function findByKey(
  queued: QueuedPost,
  { client, channel }: Sender,
  file?: string,
): Promise<FoundPost> {
  const place = queued.card && queued.post.kind !== 'card' ? queued.card : undefined;
  let cursor: string | undefined;
  let hasFile = false;
  for (let page = 0; page < 5; page += 1) {
    const query = {
      channel: place?.channel ?? channel,
      include_all_metadata: true,
      limit: 200,
      ...(cursor ? { cursor } : {}),
    };
    const answer = await (place
      ? client.conversations.replies({ ...query, ts: place.ts })
      : client.conversations.history(query));
    for (const message of answer.messages ?? []) {
      const payload = message.metadata?.event_payload as { key?: unknown } | undefined;
      if (payload?.key === queued.key && message.ts) {
        return { message: { channel: query.channel, ts: message.ts }, hasFile: true };
      }
      const files = (message as { files?: { name?: string }[] }).files ?? [];
      hasFile ||= file !== undefined && files.some(({ name }) => name === file);
    }
    cursor = answer.response_metadata?.next_cursor;
    if (!cursor) break;
  }
  return { message: undefined, hasFile };
}

function threadOf({ post, card }: QueuedPost): { thread_ts?: string } {
  return card && post.kind !== 'card' ? { thread_ts: card.ts } : {};
}

function shown({ text, blocks }: Message): { text: string; blocks: KnownBlock[] } {
  return { text, blocks: blocks as readonly KnownBlock[] as KnownBlock[] };
}

function metadataOf({ key, promotion, post }: QueuedPost) {
  const { audit = '' } = post.message;
  return { event_type: metadataType, event_payload: { key, promotion: promotion ?? '', audit } };
}

/** What Slack says, or does not say, while it is down. */
const mayPass = [
  'no answer',
  'rate limited',
  'ratelimited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
];

/** Errors that no repetition heals: the post is given up, and that is logged. */
export function isHopeless(error: unknown, { post, attempts }: QueuedPost): boolean {
  const problem = slackProblem(error);
  const forGood = [
    'user_not_in_channel',
    'user_not_found',
    'cannot_reply_to_message',
    'message_not_found',
    'cant_update_message',
  ];
  const isNo = !mayPass.includes(problem);
  return (post.kind === 'ephemeral' && isNo && attempts >= 5) || forGood.includes(problem);
}
