import { say } from './messages.ts';
import { explained, mention, words, type Mrkdwn } from './mrkdwn.ts';
import type { Message } from '../domain/post.ts';
import type { Expired, Refused, Withdrawn } from '../domain/states.ts';

/** What the thread is told where a request ends without being published: also what of it is on the registry. */

/** Whoever took it back; the requester hears of it where that was somebody else. */
export function withdrawn(promotion: Withdrawn): Message {
  const { by = promotion.requester, requester, stopped } = promotion;
  const whom = by === requester ? '' : words`${mention(requester)} `;
  const what = stopped
    ? words`:octagonal_sign: Stopped by ${mention(by)} during the push.`
    : words`:leftwards_arrow_with_hook: Withdrawn by ${mention(by)}.`;
  return say(words`${whom}${what} ${remains(promotion)}.`);
}

export function expired(promotion: Expired): Message {
  const { requester, approvedInTime } = promotion;
  const why = approvedInTime
    ? 'It was not pushed in the time that the approval gave'
    : 'Nobody decided in time';
  return say(
    words`${mention(requester)} :alarm_clock: ${why}, so this request expired. ${remains(promotion)}; ask again to get a fresh plan.`,
  );
}

/** The world is not the one that was approved, or the push found something else than was approved. */
export function pushRefused(promotion: Refused): Message {
  const { requester, refusal } = promotion;
  return say(words`${mention(requester)} :no_entry: ${explained(refusal)} ${remains(promotion)}.`);
}

/** What a request that has ended leaves on the registry, as far as the bot knows; without the full stop. */
function remains({ plan, pushingSince, tagging }: Withdrawn | Expired | Refused): Mrkdwn {
  if (!pushingSince || !plan) return words`Nothing was pushed`;
  if (!tagging) return words`Layers may have been sent to the registry, but no tag was put`;
  const target = `${plan.target.name}:${plan.target.tag}`;
  return words`The push was cut off while the tag was being put: look whether the registry has ${target}`;
}
