import type { Block } from './blocks.ts';
import { say } from './messages.ts';
import { code, cut, escape, fit, mention, moment, utc } from './mrkdwn.ts';
import type { Message } from './store-port.ts';
import type { Promotion } from './states.ts';
import { plainStatus } from './status.ts';

/** One line for each promotion, newest first. */
export function listing(title: string, promotions: readonly Promotion[]): Message {
  if (promotions.length === 0) return say(`${title}: nothing.`);
  const lines = promotions.map((promotion) => {
    const { id, ask, requester, askedAt } = promotion;
    const target = 'plan' in promotion && promotion.plan ? promotion.plan.target.tag : '';
    return `• ${code(id)} *${escape(ask.image)}* ${escape(cut(target, 48))} ${plainStatus(promotion)}, asked by ${mention(requester)} ${moment(askedAt)}`;
  });
  const plain = promotions.map(
    (one) => `${one.id} ${one.ask.image} ${one.state} ${utc(one.askedAt)}`,
  );
  return say(fit([`*${title}*`, ...lines], 2900), [title, ...plain].join('\n'));
}

/** App Home’s blocks. */
export function home(open: readonly Promotion[], recent: readonly Promotion[]): readonly Block[] {
  const lists = [listing('Under way', open), listing('Lately', recent)];
  return lists.flatMap(({ blocks }) => blocks as readonly Block[]);
}

export function help(images: readonly string[]): Message {
  const some = images[0] ?? 'build-decision';
  const rows = [
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
  const lines = rows.map(([command, does]) => `• ${code(`/promote-image ${command}`)} ${does}`);
  const text = `*Publishes an image that a trusted task built, after a second person’s approval.*\n${lines.join('\n')}\nImages: ${images.map(code).join(', ')}. For example ${code(`/promote-image ${some} latest`)}.`;
  return say(
    text,
    `promote-image: /promote-image ${escape('<image> <build>')}. Images: ${images.join(', ')}`,
  );
}
