import type { SeedUser } from '../seed.ts';
import type { Message } from '../things.ts';
import { avatar, kindOf } from './avatar.ts';
import { blocks } from './blocks.ts';
import { fileCard } from './files.ts';
import { sign } from './emoji.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { mrkdwn, type Reader } from './mrkdwn.ts';

/** One message of a list: its key stays, its HTML changes when the message does. */
export interface Item {
  readonly key: string;
  readonly html: string;
}

interface Options {
  /** In a thread's own panel there is no line that leads to the thread. */
  readonly isInThread: boolean;
  /** By the same author, shortly after: shown without name and picture. */
  readonly isContinued: boolean;
}

const closeTogether = 5 * 60;

/** Messages as items, in order; those that follow each other closely by one author are drawn together. */
export function items(
  messages: readonly Message[],
  reader: Reader,
  { isInThread }: Pick<Options, 'isInThread'>,
): readonly Item[] {
  return messages.map((message, index) => {
    const previous = messages[index - 1];
    const isContinued =
      previous !== undefined &&
      previous.user === message.user &&
      previous.ephemeralFor === message.ephemeralFor &&
      !(isInThread && index === 1) &&
      !previous.reply_count &&
      Number(message.ts) - Number(previous.ts) < closeTogether;
    return {
      key: message.ts,
      html: article(message, reader, { isInThread, isContinued }).text,
    };
  });
}

function article(message: Message, reader: Reader, options: Options): Html {
  const author = authorOf(message.user, reader);
  const look = `message${options.isContinued ? ' continued' : ''}${message.ephemeralFor ? ' ephemeral' : ''}`;
  return html`<article
    class="${look}"
    data-ts="${message.ts}"
    aria-label="${author.name}, ${clock(message.ts)}"
  >
    ${options.isContinued ? html`<span class="gutter"></span>` : avatar(author)}
    <div class="body">
      ${message.ephemeralFor && onlyYou(message)} ${!options.isContinued && byline(message, author)}
      ${content(message, reader)} ${(message.files ?? []).map(fileCard)}
      ${reactions(message, reader)} ${!options.isInThread && threadLine(message, reader)}
    </div>
    ${!options.isInThread && !message.ephemeralFor && toolbar(message)}
  </article>`;
}

const slackbot: SeedUser = { id: 'USLACKBOT', name: 'slackbot', realName: 'Slackbot', kind: 'bot' };

const authorOf = (user: string, { workspace }: Reader): SeedUser =>
  user === slackbot.id ? slackbot : workspace.user(user);

function onlyYou(message: Message): Html {
  return html`<p class="only-you">
    <span>${icon('eye')} Only visible to you</span>
    <button type="button" class="link" data-dismiss="${message.ts}">Dismiss</button>
  </p>`;
}

function byline(message: Message, author: SeedUser): Html {
  const kind = kindOf(author);
  return html`<p class="byline">
    <strong class="author">${kind === 'app' ? author.name : author.realName}</strong>
    ${kind && html`<span class="badge">${kind}</span>`} ${time(message.ts)}
    ${message.edited && html`<span class="edited">(edited)</span>`}
  </p>`;
}

function content(message: Message, reader: Reader): Html {
  if (message.subtype === 'tombstone') return html`<p class="note">This message was deleted.</p>`;
  if (message.blocks?.length)
    return html`<div class="blocks">${blocks(message.blocks, reader)}</div>`;
  return message.text ? html`<div class="said">${mrkdwn(message.text, reader)}</div>` : html``;
}

function reactions({ reactions: given = [] }: Message, reader: Reader): Html {
  if (given.length === 0) return html``;
  return html`<p class="reactions">
    ${given.map(
      ({ name, count, users }) =>
        html`<span title="${users.map((user) => authorOf(user, reader).name).join(', ')}"
          >${sign(name)} ${count}</span
        >`,
    )}
  </p>`;
}

function threadLine(message: Message, reader: Reader): Html {
  if (!message.reply_count) return html``;
  const repliers = (message.reply_users ?? []).slice(0, 4).map((user) => authorOf(user, reader));
  const count = message.reply_count;
  return html`<button
    type="button"
    class="thread-line"
    data-thread="${message.ts}"
    data-count="${count}"
  >
    <span class="repliers">${repliers.map(avatar)}</span>
    <strong>${count} ${count === 1 ? 'reply' : 'replies'}</strong>
    <span class="unread" hidden></span>
    <span class="when">Last reply ${time(message.latest_reply ?? message.ts)}</span>
    <span class="open" aria-hidden="true">View thread ›</span>
  </button>`;
}

function toolbar(message: Message): Html {
  return html`<div class="toolbar">
    <button type="button" data-thread="${message.ts}" aria-label="Reply in thread">
      ${icon('bubble')}
    </button>
  </div>`;
}

const clock = (ts: string): string =>
  new Date(Number(ts) * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

function time(ts: string): Html {
  const iso = new Date(Number(ts) * 1000).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${clock(ts)}</time>`;
}
