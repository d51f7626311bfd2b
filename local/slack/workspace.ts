import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { ApiError } from './api-error.ts';
import type { Message, SlackFile, View } from './things.ts';
import type { Seed, SeedChannel, SeedGroup, SeedUser } from './seed.ts';

/** Slack's ids: a letter for the kind, then capitals and digits. */
export function newId(letter: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  return letter + Array.from(randomBytes(10), (byte) => alphabet[byte % alphabet.length]).join('');
}

/**
 * Everything the workspace holds. Values are never changed in place, so that one that was read before stays what its
 * reader saw: a card as it stood when somebody clicked.
 */
export class Workspace {
  readonly seed: Seed;
  /** Those that the bot’s token has now; `undefined`: every one. */
  scopes: readonly string[] | undefined;
  readonly users: Map<string, SeedUser>;
  readonly channels: Map<string, SeedChannel>;
  readonly groups: Map<string, SeedGroup>;
  /** By `ts`, which no two messages of a workspace share, in the order of posting. */
  readonly #messages = new Map<string, Message>();
  /** The `ts` of a thread's answers, by that of its parent. */
  readonly #threads = new Map<string, Set<string>>();
  readonly ephemerals = new Map<string, Message>();
  readonly files = new Map<string, SlackFile>();
  /** Modals by id, in the order of opening. */
  readonly views = new Map<string, View>();
  /** App Home tabs by user. */
  readonly homes = new Map<string, View>();
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #clock: () => number;
  #lastTs = 0;
  /** Milliseconds by which this Slack's clock is ahead of the machine's. */
  skew = 0;

  constructor(seed: Seed, clock: () => number) {
    this.seed = seed;
    this.scopes = seed.bot.scopes;
    this.#clock = clock;
    this.users = new Map(seed.users.map((user) => [user.id, user]));
    this.channels = new Map(seed.channels.map((channel) => [channel.id, channel]));
    this.groups = new Map((seed.groups ?? []).map((group) => [group.id, group]));
    const { user, name } = seed.bot;
    this.users.set(user, { id: user, name, realName: name, kind: 'bot' });
  }

  /** Slack's time in milliseconds. */
  now(): number {
    return this.#clock() + this.skew;
  }

  /** A message's `ts`: seconds with six digits, unique and growing. */
  newTs(): string {
    this.#lastTs = Math.max(this.#lastTs + 1, this.now() * 1000);
    const digits = String(this.#lastTs);
    return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
  }

  onChange(listener: () => void): () => void {
    this.#changes.on('change', listener);
    return () => this.#changes.off('change', listener);
  }

  changed(): void {
    this.#changes.emit('change');
  }

  user(id: string): SeedUser {
    return this.users.get(id) ?? unknown('user_not_found');
  }

  channel(id: string): SeedChannel {
    const named = [...this.channels.values()].find(({ name }) => `#${name}` === id);
    return this.channels.get(id) ?? named ?? unknown('channel_not_found');
  }

  /** User ids of those who are in a channel. */
  members(channel: SeedChannel): readonly string[] {
    return channel.members ?? [...this.users.keys()];
  }

  isMember(channel: SeedChannel, user: string): boolean {
    return this.members(channel).includes(user);
  }

  /** The direct-message channel between the bot and a user, opened where there is none. */
  directChannel(user: string): SeedChannel {
    const existing = [...this.channels.values()].find(
      ({ id, members }) => id.startsWith('D') && members?.includes(user),
    );
    if (existing) return existing;
    const members = [this.seed.bot.user, this.user(user).id];
    const channel = { id: newId('D'), name: this.user(user).name, isPrivate: true, members };
    this.channels.set(channel.id, channel);
    return channel;
  }

  /** Messages of a channel that everybody in it sees, oldest first. */
  messages(channel: string): readonly Message[] {
    return [...this.#messages.values()].filter((message) => message.channel === channel);
  }

  message(channel: string, ts: string): Message | undefined {
    const message = this.#messages.get(ts);
    return message?.channel === channel ? message : undefined;
  }

  /** A thread: its parent, then the answers, oldest first. */
  thread(channel: string, ts: string): readonly Message[] {
    return [ts, ...(this.#threads.get(ts) ?? [])].flatMap((of) => this.message(channel, of) ?? []);
  }

  /** A message with that `ts` in any channel, ephemeral ones included. */
  find(ts: string): Message | undefined {
    return this.ephemerals.get(ts) ?? this.#messages.get(ts);
  }

  /** Keeps a message, new or changed, and what follows from it for its thread's parent. */
  put(message: Message): Message {
    if (message.ephemeralFor) this.ephemerals.set(message.ts, message);
    else this.#keep(message);
    this.changed();
    return message;
  }

  #keep(message: Message): void {
    const { ts, thread_ts } = message;
    this.#messages.set(ts, message);
    if (!thread_ts || thread_ts === ts) return;
    const answers = this.#threads.get(thread_ts) ?? new Set();
    if (answers.has(ts)) return;
    this.#threads.set(thread_ts, answers.add(ts));
    const parent = this.#messages.get(thread_ts);
    this.#countReplies(thread_ts, new Set([...(parent?.reply_users ?? []), message.user]));
  }

  remove(message: Message): void {
    const { ts, thread_ts } = message;
    this.ephemerals.delete(ts);
    this.#messages.delete(ts);
    const answers = this.#threads.get(thread_ts ?? '');
    if (thread_ts && answers?.delete(ts))
      this.#countReplies(
        thread_ts,
        new Set([...answers].flatMap((answer) => this.#messages.get(answer)?.user ?? [])),
      );
    this.changed();
  }

  #countReplies(thread_ts: string, repliers: ReadonlySet<string>): void {
    const parent = this.#messages.get(thread_ts);
    const answers = this.#threads.get(thread_ts);
    if (!parent || !answers) return;
    this.#messages.set(thread_ts, {
      ...parent,
      thread_ts,
      reply_count: answers.size,
      reply_users: [...repliers],
      reply_users_count: repliers.size,
      latest_reply: [...answers].at(-1),
    });
  }
}

function unknown(code: string): never {
  throw new ApiError(code);
}
