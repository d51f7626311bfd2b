import type { Block, Message } from '../domain/post.ts';
import { say } from './messages.ts';
import { code, cut, fit, joined, words, mention, Mrkdwn, moment, utc } from './mrkdwn.ts';
import type { Promotion } from '../domain/states.ts';
import { plainStatus } from './status.ts';

/** One line for each promotion, newest first. */
export function listing(title: string, promotions: readonly Promotion[]): Message {
  if (promotions.length === 0) return say(words`${title}: nothing.`);
  const lines = promotions.map((promotion) => {
    const { id, ask, requester, askedAt } = promotion;
    const target = 'plan' in promotion && promotion.plan ? promotion.plan.target.tag : '';
    return words`• ${code(id)} *${ask.image}* ${cut(target, 48)} ${plainStatus(promotion)}, asked by ${mention(requester)} ${moment(askedAt)}`;
  });
  const plain = promotions.map(
    (one) => words`${one.id} ${one.ask.image} ${one.state} ${utc(one.askedAt)}`,
  );
  return say(fit([words`*${title}*`, ...lines], 2900), joined([words`${title}`, ...plain], '\n'));
}

/** App Home’s blocks. */
export function home(open: readonly Promotion[], recent: readonly Promotion[]): readonly Block[] {
  const lists = [listing('Under way', open), listing('Lately', recent)];
  return lists.flatMap(({ blocks }) => blocks as readonly Block[]);
}

export function help(images: readonly string[]): Message {
  const some = images[0] ?? 'build-decision';
  const rows: readonly (readonly [command: string, does: string])[] = [
    [
      '<image> <build> [tag X] [bug N] [because …]',
      'starts a promotion; a build is a full commit, a task id, `latest`, or a link to a task, commit or push',
    ],
    ['(nothing)', 'opens a form with the same fields'],
    ['status [id]', 'what is under way'],
    ['history [image]', 'what was done, by whom'],
    ['withdraw <id>', 'takes back what you asked for or approved, any time before the tag is put'],
    [
      'check [image]',
      'drift: newest trusted build, newest published tag, and every pin, side by side',
    ],
    [
      'repin <image> [ref]',
      'pins the image’s requirement files again, in its container, and posts the patch',
    ],
    ['help', 'this list'],
  ];
  const lines = rows.map(
    ([command, does]) => words`• ${code(`/promote-image ${command}`)} ${Mrkdwn.ours(does)}`,
  );
  const known = joined(images.map(code), ', ');
  const text = words`*Publishes an image that a trusted task built, after a second person’s approval.*\n${joined(lines, '\n')}\nImages: ${known}. For example ${code(`/promote-image ${some} latest`)}.`;
  return say(text, words`promote-image: /promote-image ${'<image> <build>'}. Images: ${known}`);
}
