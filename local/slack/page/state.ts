import { z } from 'zod';
import type { SeedCommand } from '../seed.ts';
import type { Message } from '../things.ts';
import type { Workspace } from '../workspace.ts';
import { avatar } from './avatar.ts';
import { html } from './html.ts';
import { items, type Item } from './messages.ts';
import type { Reader } from './mrkdwn.ts';
import { channelList, channelsOf, firstPerson, peopleList } from './sidebar.ts';
import { home, modal } from './views.ts';

/** What the browser wants to see: as whom, which channel (or the app's home), which thread. */
export const wanted = z.object({
  as: z.string().optional(),
  channel: z.string().optional(),
  thread: z.string().optional(),
});

/** Everything the browser shows, as HTML wherever it holds what people or bots wrote. */
export interface PageState {
  readonly team: string;
  readonly app: string;
  readonly me: { readonly id: string; readonly name: string; readonly html: string };
  readonly channel: { readonly id: string; readonly name: string; readonly about: string };
  readonly people: string;
  readonly channels: string;
  readonly items: readonly Item[];
  readonly home: string | undefined;
  readonly thread: { readonly ts: string; readonly items: readonly Item[] } | undefined;
  readonly modal: { readonly id: string; readonly hash: string; readonly html: string } | undefined;
  readonly commands: readonly SeedCommand[];
}

const mostMessages = 300;

/** Draws the workspace as one person sees it. Unknown people, channels and threads fall back to the first or to none. */
export function pageState(workspace: Workspace, query: z.infer<typeof wanted>): PageState {
  const as = workspace.users.has(query.as ?? '') ? String(query.as) : firstPerson(workspace);
  const reader = { workspace, as };
  const { seed } = workspace;
  const user = workspace.user(as);
  const channels = channelsOf(workspace, as);
  const isHome = query.channel === 'home';
  const chosen = channels.find(({ id }) => id === query.channel) ?? channels[0];
  const channel = isHome ? undefined : chosen;
  return {
    team: seed.team.name,
    app: seed.bot.name,
    me: {
      id: as,
      name: user.realName,
      html: html`${avatar(user)}<span>${user.realName}</span>`.text,
    },
    channel: describe(workspace, isHome ? 'home' : (channel?.id ?? '')),
    people: peopleList(workspace, as).text,
    channels: channelList(workspace, as, channel?.id ?? 'home').text,
    items: channel ? items(topLevel(workspace, channel.id, as), reader, { isInThread: false }) : [],
    home: isHome ? home(workspace.homes.get(as), reader, seed.bot.name).text : undefined,
    thread: threadState(query.thread, channel?.id, reader),
    modal: topModal(reader),
    commands: seed.commands,
  };
}

function describe(workspace: Workspace, id: string): PageState['channel'] {
  const { bot } = workspace.seed;
  if (id === 'home') return { id, name: bot.name, about: 'The app’s home, for you alone' };
  const channel = workspace.channel(id);
  if (id.startsWith('D')) return { id, name: bot.name, about: 'Direct messages' };
  const people = workspace.members(channel).length;
  const topic = channel.topic ? `${channel.topic} · ` : '';
  return { id, name: `#${channel.name}`, about: `${topic}${people} members` };
}

function topLevel(workspace: Workspace, channel: string, as: string): readonly Message[] {
  const shared = workspace
    .messages(channel)
    .filter(({ ts, thread_ts, isBroadcast }) => !thread_ts || thread_ts === ts || isBroadcast);
  const own = ephemerals(workspace, as).filter(
    (message) => message.channel === channel && !message.thread_ts,
  );
  return inOrder([...shared, ...own]).slice(-mostMessages);
}

const ephemerals = (workspace: Workspace, as: string): readonly Message[] =>
  [...workspace.ephemerals.values()].filter(({ ephemeralFor }) => ephemeralFor === as);

const inOrder = (messages: readonly Message[]): Message[] =>
  messages.toSorted((one, other) => Number(one.ts) - Number(other.ts));

function threadState(
  ts: string | undefined,
  channel: string | undefined,
  reader: Reader,
): PageState['thread'] {
  const { workspace, as } = reader;
  const shared = ts && channel ? workspace.thread(channel, ts) : [];
  if (!ts || shared[0]?.ts !== ts) return undefined;
  const own = ephemerals(workspace, as).filter(({ thread_ts }) => thread_ts === ts);
  const answers = inOrder([...shared.slice(1), ...own]);
  const shown = [...shared.slice(0, 1), ...answers.slice(-mostMessages)];
  return { ts, items: items(shown, reader, { isInThread: true }) };
}

function topModal(reader: Reader): PageState['modal'] {
  const { workspace, as } = reader;
  const view = [...workspace.views.values()].findLast(({ user }) => user === as);
  if (!view) return undefined;
  const { id, hash } = view;
  return { id, hash, html: modal(view, reader, workspace.seed.bot.name).text };
}
