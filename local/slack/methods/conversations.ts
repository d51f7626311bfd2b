import { ApiError } from '../api-error.ts';
import { paginate, type Arguments } from '../arguments.ts';
import type { Call, Method } from '../method.ts';
import type { SeedChannel } from '../seed.ts';
import { onWire, type Message } from '../things.ts';
import type { Workspace } from '../workspace.ts';

const read = ['channels:read', 'groups:read', 'im:read'];
const history = ['channels:history', 'groups:history', 'im:history'];

/** `conversations.*`: what is in a channel and who. */
export const conversations: Readonly<Record<string, Method>> = {
  'conversations.info': { scopes: read, answer: info },
  'conversations.list': { scopes: read, answer: list },
  'conversations.members': { scopes: read, answer: members },
  'conversations.history': { scopes: history, answer: readHistory },
  'conversations.replies': { scopes: history, answer: readReplies },
  'conversations.open': { scopes: ['im:write', 'mpim:write'], answer: open },
};

function channelObject(workspace: Workspace, channel: SeedChannel): object {
  const isDirect = channel.id.startsWith('D');
  const topic = { value: channel.topic ?? '', creator: '', last_set: 0 };
  return {
    id: channel.id,
    ...(isDirect ? { user: channel.members?.at(-1) } : { name: channel.name }),
    is_channel: !isDirect,
    is_group: false,
    is_im: isDirect,
    is_private: channel.isPrivate ?? false,
    is_archived: channel.isArchived ?? false,
    is_member: workspace.isMember(channel, workspace.seed.bot.user),
    is_shared: (channel.isShared || channel.isOrgShared) ?? false,
    is_ext_shared: channel.isShared ?? false,
    is_pending_ext_shared: channel.isPendingShared ?? false,
    is_org_shared: channel.isOrgShared ?? false,
    shared_team_ids: [workspace.seed.team.id, ...(channel.isShared ? ['T0OTHER01'] : [])],
    pending_shared: channel.isPendingShared ? ['T0OTHER01'] : [],
    pending_connected_team_ids: [],
    context_team_id: workspace.seed.team.id,
    created: 1_700_000_000,
    topic,
    purpose: { value: '', creator: '', last_set: 0 },
  };
}

function info({ workspace, args }: Call): object {
  const channel = visibleChannel(workspace, args);
  const count = workspace.members(channel).length;
  return {
    channel: {
      ...channelObject(workspace, channel),
      ...(args.flag('include_num_members') ? { num_members: count } : {}),
    },
  };
}

/** A private channel that the bot is not in does not exist for it. */
function visibleChannel(workspace: Workspace, args: Arguments): SeedChannel {
  const channel = workspace.channel(args.text('channel'));
  const isHidden = channel.isPrivate && !workspace.isMember(channel, workspace.seed.bot.user);
  if (isHidden) throw new ApiError('channel_not_found');
  return channel;
}

function list({ workspace, args }: Call): object {
  const channels = [...workspace.channels.values()].filter(
    (channel) => !channel.id.startsWith('D') && !channel.isPrivate,
  );
  const { slice, next } = paginate(channels, args, { or: 100, max: 1000 });
  return {
    channels: slice.map((channel) => channelObject(workspace, channel)),
    response_metadata: { next_cursor: next },
  };
}

function members({ workspace, args }: Call): object {
  const all = workspace.members(visibleChannel(workspace, args));
  const { slice, next } = paginate(all, args, { or: 100, max: 1000 });
  return { members: slice, response_metadata: { next_cursor: next } };
}

function readHistory({ workspace, args }: Call): object {
  const channel = readableChannel(workspace, args);
  const messages = workspace
    .messages(channel.id)
    .filter(({ ts, thread_ts, isBroadcast }) => !thread_ts || thread_ts === ts || isBroadcast)
    .toReversed();
  return answerMessages(messages, args);
}

function readReplies({ workspace, args }: Call): object {
  const channel = readableChannel(workspace, args);
  const ts = args.text('ts');
  const messages = workspace.thread(channel.id, ts);
  if (messages.length === 0) throw new ApiError('thread_not_found');
  return answerMessages(messages, args);
}

function readableChannel(workspace: Workspace, args: Arguments): SeedChannel {
  const channel = visibleChannel(workspace, args);
  if (!workspace.isMember(channel, workspace.seed.bot.user)) throw new ApiError('not_in_channel');
  return channel;
}

function answerMessages(messages: readonly Message[], args: Arguments): object {
  const wanted = messages.filter(
    ({ ts, thread_ts }) => isWithin(ts, args) || isParent(ts, thread_ts, args),
  );
  const { slice, next } = paginate(wanted, args, { or: 100, max: 1000 });
  const withMetadata = args.flag('include_all_metadata');
  return {
    messages: slice.map((message) => onWire(message, { withMetadata })),
    has_more: next !== '',
    ...(next ? { response_metadata: { next_cursor: next } } : {}),
  };
}

/** `conversations.replies` gives the parent whatever the limits of time are. */
function isParent(ts: string, thread: string | undefined, args: Arguments): boolean {
  return ts === thread && ts === args.maybe('ts');
}

function isWithin(ts: string, args: Arguments): boolean {
  const at = Number(ts);
  const oldest = Number(args.maybe('oldest') ?? 0);
  const latest = Number(args.maybe('latest') ?? Infinity);
  return args.flag('inclusive') ? at >= oldest && at <= latest : at > oldest && at < latest;
}

function open({ workspace, args }: Call): object {
  const users = (args.maybe('users') ?? '').split(',');
  if (users[0] === '') throw new ApiError('users_list_not_supplied');
  if (users.length > 1) throw new ApiError('method_not_supported_for_channel_type');
  const channel = workspace.directChannel(users[0] ?? '');
  return {
    channel: args.flag('return_im') ? channelObject(workspace, channel) : { id: channel.id },
  };
}
