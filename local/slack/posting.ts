import { ApiError } from './api-error.ts';
import type { Arguments } from './arguments.ts';
import { checkBlocks, type Block } from './block-check.ts';
import type { SeedChannel } from './seed.ts';
import type { Message, Metadata } from './things.ts';
import type { Workspace } from './workspace.ts';

const maxText = 40_000;
/** `chat.update` takes less than `chat.postMessage`. */
const maxUpdate = 4_000;

/** What a message says: text, blocks and metadata, checked. */
export interface Content {
  readonly text: string;
  readonly blocks?: readonly Block[] | undefined;
  readonly metadata?: Metadata | undefined;
  /** Slack's word for a text that was cut. */
  readonly warning?: string | undefined;
}

/** Reads what a message is to say. Absent parts stay `undefined`; nothing at all is `no_text`. */
export function readContent(args: Arguments, isUpdate = false): Partial<Content> {
  const given = args.maybe('text') ?? args.maybe('markdown_text');
  const blocks = args.structure('blocks', 'invalid_blocks_format');
  const checked = blocks === undefined ? undefined : checkBlocks(blocks, 'message');
  if (given === undefined && !checked?.length) throw new ApiError('no_text');
  if (isUpdate && !checked && (given?.length ?? 0) > maxUpdate) throw new ApiError('msg_too_long');
  const isLong = (given?.length ?? 0) > maxText;
  return {
    text: given?.slice(0, maxText),
    blocks: checked,
    metadata: readMetadata(args),
    warning: isLong ? 'message_truncated' : undefined,
  } as Partial<Content>;
}

function readMetadata(args: Arguments): Metadata | undefined {
  const given = args.structure('metadata', 'invalid_metadata_format') as Metadata | undefined;
  if (given === undefined) return undefined;
  const isSound =
    typeof given.event_type === 'string' &&
    typeof given.event_payload === 'object' &&
    given.event_payload !== null;
  if (!isSound && Object.keys(given).length > 0) throw new ApiError('invalid_metadata_format');
  if (JSON.stringify(given).length > 16_000) throw new ApiError('metadata_too_large');
  return given;
}

/** Who says it where. */
export interface Place {
  readonly channel: string;
  readonly user: string;
  readonly thread?: string | undefined;
  readonly isBroadcast?: boolean | undefined;
  readonly ephemeralFor?: string | undefined;
}

/** Posts a message of the bot or of a person. */
export function post(
  workspace: Workspace,
  place: Place,
  content: Partial<Content> & Pick<Partial<Message>, 'files' | 'subtype'>,
): Message {
  const { seed } = workspace;
  const isBot = place.user === seed.bot.user;
  const parent = place.thread ? workspace.message(place.channel, place.thread) : undefined;
  return workspace.put({
    type: 'message',
    subtype: content.subtype,
    ts: workspace.newTs(),
    user: place.user,
    team: workspace.users.get(place.user)?.team ?? seed.team.id,
    text: content.text ?? '',
    ...(isBot ? { bot_id: seed.bot.id, app_id: seed.bot.app } : {}),
    blocks: content.blocks,
    metadata: content.metadata,
    files: content.files,
    thread_ts: place.thread,
    parent_user_id: parent?.user,
    channel: place.channel,
    ephemeralFor: place.ephemeralFor,
    isBroadcast: place.isBroadcast,
  });
}

/** The channel that a call names, a person's id meaning the direct messages with them. The bot must be in it. */
export function writableChannel(workspace: Workspace, name: string): SeedChannel {
  const isPerson = /^[UW]/.test(name) && workspace.users.has(name);
  const channel = isPerson ? workspace.directChannel(name) : workspace.channel(name);
  if (channel.isArchived) throw new ApiError('is_archived');
  if (!workspace.isMember(channel, workspace.seed.bot.user))
    throw new ApiError(channel.isPrivate ? 'channel_not_found' : 'not_in_channel');
  return channel;
}
