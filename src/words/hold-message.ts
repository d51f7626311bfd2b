import type { Refusal } from '../domain/errors.ts';
import { say } from './messages.ts';
import { code, explained, joined, words } from './mrkdwn.ts';
import type { Message } from '../domain/post.ts';

/** What the channel is told when the bot begins to hold. */
export function holding(refusal: Refusal): Message {
  return say(words`:rotating_light: ${explained(refusal)}`);
}

/** What it is told when it goes on. */
export function restoreTold(restore: {
  readonly by: string;
  readonly because: string;
  /** Events of which nothing but their numbers is known. */
  readonly missing: { readonly first: number; readonly last: number };
  /** Requests that were ended. */
  readonly ended: readonly string[];
}): Message {
  const { by, because, missing, ended } = restore;
  const { first, last } = missing;
  const gap = first > last ? '' : ` Events ${first} to ${last} of the audit log are missing.`;
  const what =
    ended.length === 0
      ? words`Nothing was under way.`
      : words`Ended by it, and to be asked for again: ${joined(ended.map(code), ', ')}.`;
  return say(
    words`:card_index_dividers: ${by} accepted a restored database, because ${because}.${gap} ${what} What was published stands in this channel and on the registry.`,
  );
}
