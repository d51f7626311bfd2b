import { createHash } from 'node:crypto';
import type { SeedUser } from '../seed.ts';
import { html, type Html } from './html.ts';

/** How many colours the style sheet has for avatars. */
const colours = 8;

/** A square with somebody's initials. Says nothing to a screen reader: the name stands beside it. */
export function avatar(user: SeedUser): Html {
  const isBot = user.kind === 'bot' || user.kind === 'app';
  const sum = createHash('sha256').update(user.id).digest()[0] ?? 0;
  const look = isBot ? 'bot' : `colour-${sum % colours}`;
  return html`<span class="avatar ${look}" aria-hidden="true"
    >${isBot ? '⬢' : initials(user)}</span
  >`;
}

function initials({ realName }: SeedUser): string {
  const [first = '', ...rest] = realName.split(/\s+/).filter((word) => /^\p{L}/u.test(word));
  return (first.slice(0, 1) + (rest.at(-1) ?? '').slice(0, 1)).toUpperCase();
}

const kinds: Readonly<Record<NonNullable<SeedUser['kind']>, string | undefined>> = {
  full: undefined,
  guest: 'guest',
  'ultra-restricted': 'single-channel guest',
  bot: 'app',
  app: 'app',
  'workflow-bot': 'workflow',
  deactivated: 'deactivated',
  invited: 'invited',
  stranger: 'other workspace',
};

/** What sets an account apart from a full member, in a word. */
export const kindOf = (user: SeedUser): string | undefined => kinds[user.kind ?? 'full'];
