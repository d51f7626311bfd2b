import { ApiError } from '../api-error.ts';
import type { Arguments } from '../arguments.ts';
import type { Call, Method } from '../method.ts';
import { post, readContent, writableChannel } from '../posting.ts';
import { onWire, type Message } from '../things.ts';
import type { Workspace } from '../workspace.ts';

const scopes = ['chat:write'];

/** `chat.*`: posting, changing and removing the bot's own messages. */
export const chat: Readonly<Record<string, Method>> = {
  'chat.postMessage': { scopes, answer: postMessage },
  'chat.postEphemeral': { scopes, answer: postEphemeral },
  'chat.update': { scopes, answer: update },
  'chat.delete': { scopes, answer: remove },
  'chat.getPermalink': { answer: permalink },
};

function postMessage({ workspace, args }: Call): object {
  const channel = writableChannel(workspace, args.text('channel'));
  const { warning, ...content } = readContent(args);
  const place = {
    channel: channel.id,
    user: workspace.seed.bot.user,
    thread: threadOf(workspace, channel.id, args),
    isBroadcast: args.flag('reply_broadcast'),
  };
  const message = post(workspace, place, content);
  return {
    channel: channel.id,
    ts: message.ts,
    message: onWire(message, { withMetadata: true }),
    ...(warning ? { warning, response_metadata: { warnings: [warning] } } : {}),
  };
}

/** The parent's ts: an answer to an answer stands in the parent's thread; an unknown one is not taken. */
function threadOf(workspace: Workspace, channel: string, args: Arguments): string | undefined {
  const given = args.maybe('thread_ts');
  if (given === undefined) return undefined;
  const message = workspace.message(channel, given);
  if (!message) throw new ApiError('thread_not_found');
  return message.thread_ts ?? message.ts;
}

function postEphemeral({ workspace, args }: Call): object {
  const channel = writableChannel(workspace, args.text('channel'));
  const reader = workspace.user(args.text('user'));
  if (!workspace.isMember(channel, reader.id)) throw new ApiError('user_not_in_channel');
  const { text, blocks } = readContent(args);
  const place = {
    channel: channel.id,
    user: workspace.seed.bot.user,
    thread: args.maybe('thread_ts'),
    ephemeralFor: reader.id,
  };
  const message = post(workspace, place, { ...(text ? { text } : {}), blocks });
  return { message_ts: message.ts };
}

function update({ workspace, args }: Call): object {
  const message = ownMessage(workspace, args, 'cant_update_message');
  const { warning: _, text, blocks, metadata } = readContent(args, true);
  const changed = workspace.put({
    ...message,
    text: text ?? message.text,
    // A text without blocks replaces them.
    blocks: blocks ?? (text === undefined ? message.blocks : undefined),
    metadata: metadata ?? message.metadata,
    edited: { user: message.user, ts: workspace.newTs() },
  });
  const { channel, ts } = changed;
  return { channel, ts, text: changed.text, message: onWire(changed, { withMetadata: true }) };
}

function remove({ workspace, args }: Call): object {
  const message = ownMessage(workspace, args, 'cant_delete_message');
  const { channel, ts } = message;
  const { blocks: _, files: __, metadata: ___, ...rest } = message;
  if (message.reply_count)
    workspace.put({ ...rest, subtype: 'tombstone', text: 'This message was deleted.' });
  else workspace.remove(message);
  return { channel, ts };
}

/** A message that this bot posted and everybody sees; ephemeral ones can't be found here. */
function ownMessage(workspace: Workspace, args: Arguments, otherwise: string): Message {
  const channel = writableChannel(workspace, args.text('channel'));
  const message = workspace.message(channel.id, args.text('ts'));
  if (!message || message.subtype === 'tombstone') throw new ApiError('message_not_found');
  if (message.bot_id !== workspace.seed.bot.id) throw new ApiError(otherwise);
  return message;
}

function permalink({ workspace, args, origin }: Call): object {
  const { id } = workspace.channel(args.text('channel'));
  const message = workspace.message(id, args.text('message_ts'));
  if (!message) throw new ApiError('message_not_found');
  const path = `archives/${id}/p${message.ts.replace('.', '')}`;
  return { channel: id, permalink: `${origin}/${path}` };
}
