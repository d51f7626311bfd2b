import type { SeedChannel, SeedUser } from '../seed.ts';
import type { Workspace } from '../workspace.ts';
import { avatar, kindOf } from './avatar.ts';
import { html, type Html } from './html.ts';

/** The channels that a person is in, theirs with the bot last. */
export function channelsOf(workspace: Workspace, as: string): readonly SeedChannel[] {
  const mine = [...workspace.channels.values()].filter(
    (found) =>
      workspace.isMember(found, as) && (isNamed(found) || workspace.messages(found.id).length > 0),
  );
  return [...mine.filter(isNamed), ...mine.filter((found) => !isNamed(found))];
}

const isNamed = ({ id }: SeedChannel): boolean => !id.startsWith('D');

/** The list of channels; `current` is marked, and each carries when something was last said in it. */
export function channelList(workspace: Workspace, as: string, current: string): Html {
  return html`${channelsOf(workspace, as).map((channel) => {
    const latest = workspace.messages(channel.id).findLast(({ user }) => user !== as)?.ts ?? '0';
    const isCurrent = channel.id === current;
    return html`<li>
      <button
        type="button"
        data-channel="${channel.id}"
        data-latest="${latest}"
        ${isCurrent && html`aria-current="page"`}
      >
        <span class="mark" aria-hidden="true">${markOf(channel)}</span>
        <span class="name">${isNamed(channel) ? channel.name : workspace.seed.bot.name}</span>
        <span class="unread" hidden><span class="visually-hidden">unread</span></span>
      </button>
    </li>`;
  })}`;
}

function markOf(channel: SeedChannel): string {
  if (!isNamed(channel)) return '⬢';
  if (channel.isShared) return '◇';
  return channel.isPrivate ? '◆' : '#';
}

/** Everybody one can be. Who can't sign in is shown, but can't be chosen. */
export function peopleList(workspace: Workspace, as: string): Html {
  return html`${[...workspace.users.values()].filter(isPerson).map((user) => {
    const canSignIn = user.kind !== 'deactivated' && user.kind !== 'invited';
    return html`<li>
      <button
        type="button"
        data-person="${user.id}"
        aria-pressed="${user.id === as ? 'true' : 'false'}"
        ${!canSignIn && html`disabled`}
      >
        ${avatar(user)}
        <span class="name"><strong>${user.realName}</strong><small>${roleOf(user)}</small></span>
      </button>
    </li>`;
  })}`;
}

/** What the person is here, and what sets the account apart. */
function roleOf(user: SeedUser): string {
  const kind = kindOf(user);
  const title = user.title ?? kind ?? `@${user.name}`;
  return kind && !title.toLowerCase().includes(kind) ? `${title} · ${kind}` : title;
}

function isPerson({ kind }: SeedUser): boolean {
  return kind !== 'bot' && kind !== 'app' && kind !== 'workflow-bot';
}

/** Who can be chosen when nobody was. */
export function firstPerson(workspace: Workspace): string {
  return [...workspace.users.values()].find(isPerson)?.id ?? '';
}
