import { say } from './messages.ts';
import { code, cut, joined, words, type Mrkdwn } from './mrkdwn.ts';
import type { Message } from '../domain/post.ts';

/** `place` is 1 for the one that begins at once. */
export function repinBegins(image: string, place: number): Message {
  const named = words`*${image}*`;
  return place === 1
    ? say(
        words`Re-pinning the requirements of ${named} in its container. The patch appears in the channel.`,
      )
    : say(
        words`The re-pin of ${named} is number ${place} in the queue: they run one at a time. The patch appears in the channel.`,
      );
}

export function nothingRepinned(source: string, besides: readonly string[]): Message {
  return say(
    words`The re-pin command changed nothing of ${source} that belongs into a patch. ${leftOut(besides) ?? ''}`,
  );
}

/** What a re-pin command did besides the patch, for the person who lands it. */
export function leftOut(besides: readonly string[]): Mrkdwn | undefined {
  if (besides.length === 0) return undefined;
  const named = joined(
    besides.slice(0, 5).map((path) => code(cut(path, 100))),
    ', ',
  );
  const more = besides.length > 5 ? ` and ${besides.length - 5} more` : '';
  return words`Not in the patch, though the command added, removed or changed it: ${named}${more}.`;
}
