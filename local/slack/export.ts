import { onWire, type Message } from './things.ts';
import type { Workspace } from './workspace.ts';

/** One file of an exported workspace. */
export interface ExportedFile {
  /** `release/2026-11-23.json`: channel and day, as in Slack's own archive. */
  readonly path: string;
  readonly messages: readonly object[];
}

/**
 * A channel as Slack exports it: one file a day, oldest message first, answers of threads among the rest by their own
 * time, parents with a list of their `replies`. Metadata and ephemeral messages are not part of an export.
 */
export function exportChannel(workspace: Workspace, channelId: string): readonly ExportedFile[] {
  const { name } = workspace.channel(channelId);
  const messages = workspace.messages(channelId);
  const days = Map.groupBy(messages, ({ ts }) => dayOf(ts));
  return [...days].map(([day, ofDay]) => ({
    path: `${name}/${day}.json`,
    messages: ofDay.map((message) => ({ ...onWire(message), ...repliesOf(message, messages) })),
  }));
}

const dayOf = (ts: string): string => new Date(Number(ts) * 1000).toISOString().slice(0, 10);

function repliesOf(message: Message, all: readonly Message[]): object {
  if (!message.reply_count) return {};
  const replies = all.filter(({ ts, thread_ts }) => thread_ts === message.ts && ts !== message.ts);
  return { replies: replies.map(({ user, ts }) => ({ user, ts })) };
}
