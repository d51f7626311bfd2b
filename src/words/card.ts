import type { Block, Message } from '../domain/post.ts';
import {
  bytes,
  code,
  cut,
  fit,
  fitPlain,
  link,
  words,
  mention,
  moment,
  plainly,
  short,
  type Mrkdwn,
} from './mrkdwn.ts';
import type { Plan, TagNow } from '../domain/plan.ts';
import { brief, pinLines, taskLink, verdict, warningLines } from './plan-lines.ts';
import { statesThat, type Promotion } from '../domain/states.ts';
import { plainStatus, statusLine } from './status.ts';
import {
  actions,
  button,
  columns,
  context,
  header,
  mrkdwn,
  plainText,
  type PlainText,
  quoted,
} from './blocks.ts';

/** What the card needs besides the promotion: where links lead and how many people must agree. */
export interface CardFacts {
  readonly rootUrl: string;
  readonly required: number;
}

/** The request card: one message in the channel, rendered anew with every change of state. */
export function card(promotion: Promotion, facts: CardFacts): Message {
  const { plan } = promotion as { plan?: Plan };
  const title = plan
    ? `${plan.image} → ${brief(plan.target.tag)}`
    : `Promote ${promotion.ask.image}`;
  const blocks: Block[] = [
    header(cut(title, 150)),
    mrkdwn(statusLine(promotion, facts.required)),
    ...(promotion.state === 'rejected' ? [quoted(cut(promotion.why, 500))] : []),
    ...(plan ? planBlocks(plan, promotion, facts) : []),
    context(...askedLine(promotion)),
    ...buttons(promotion),
  ];
  return { text: plainly(words`${title}: ${plainStatus(promotion)}`), blocks };
}

/** Its plan may still be decided on, or what becomes of it. */
const undecided = statesThat('can be taken back');

function planBlocks(plan: Plan, promotion: Promotion, facts: CardFacts): readonly Block[] {
  const isOpen = undecided.includes(promotion.state);
  if (!isOpen) return [columns(buildFields(plan, facts))];
  return [
    columns([...buildFields(plan, facts), ...imageFields(plan)]),
    quoted(...fitPlain(verdict(plan, brief), longest, inDetails)),
    mrkdwn(fit(pinLines(plan), longest, inDetails)),
    ...(plan.warnings.length > 0 ? [mrkdwn(fit(warningLines(plan), longest, inDetails))] : []),
  ];
}

/** Characters of one list on the card: Slack takes 3,000 in a section, and about 13,000 in a message. */
const longest = 2400;

/** Where the lines are that the card has no room for. */
const inDetails = ': see Details';

function buildFields(plan: Plan, facts: CardFacts): readonly Mrkdwn[] {
  const { build } = plan;
  return [
    field('Build', words`${taskLink(plan, facts)} run ${build.runId}`),
    field('Commit', link(commitUrl(build.repository, build.revision), short(build.revision))),
  ];
}

function imageFields({ build, contents, artifact, target, ...plan }: Plan): readonly Mrkdwn[] {
  const software = contents.mercurial ? words`, Mercurial ${contents.mercurial}` : '';
  return [
    field('Worker pool', words`${build.workerPool}`),
    field('Built', moment(build.builtAt)),
    field(
      'Image',
      words`${code(short(contents.imageId))}, ${contents.layers.length} layers${software}`,
    ),
    field('Artifact', words`${bytes(artifact.size)}, sha256 ${code(short(artifact.sha256))}`),
    field('Publishes', code(`${target.name}:${cut(target.tag, 80)}`)),
    field('Tag now', tagWords(plan.tagNow)),
  ];
}

function tagWords(now: TagNow): Mrkdwn {
  if (now.state === 'free') return words`free`;
  if (now.state === 'unseen') return words`not visible before the approval`;
  if (now.state === 'published') return words`holds this image (${code(short(now.digest))})`;
  return words`holds this image (${code(short(now.digest))}), *not published by me*: every layer was proven, nothing will be sent`;
}

/** Who asked, and why: that word for word, as whoever decides goes by it. */
function askedLine({ ask, requester, askedAt, id }: Promotion): readonly (Mrkdwn | PlainText)[] {
  const bug = ask.bug === undefined ? [] : [`for bug ${ask.bug}`];
  const because = ask.because === undefined ? [] : [`because ${cut(ask.because, 300)}`];
  const why = [...bug, ...because].join(' ');
  const asked = words`Asked by ${mention(requester)} ${moment(askedAt)}`;
  return [asked, ...(why ? [plainText(why)] : []), code(id)];
}

/** Where people look at a commit: GitHub and hg.mozilla.org differ. */
function commitUrl(repository: string, revision: string): string {
  const isHg = new URL(repository).hostname.startsWith('hg.');
  return `${repository.replace(/\.git$/, '')}/${isHg ? 'rev' : 'commit'}/${revision}`;
}

function field(name: string, value: Mrkdwn): Mrkdwn {
  return words`*${name}*\n${value}`;
}

function buttons(promotion: Promotion): readonly Block[] {
  const { id } = promotion;
  if (promotion.state === 'pending') {
    const value = `${id} ${promotion.planHash}`;
    const { plan } = promotion;
    return [
      actions([
        button('approve', 'Approve', {
          value,
          style: 'primary',
          confirm: `Publish ${plan.image} as ${plan.target.name}:${short(plan.target.tag)}? Plan ${short(promotion.planHash)}.`,
        }),
        button('reject', 'Reject…', { value, style: 'danger' }),
        button('withdraw', 'Withdraw', { value }),
        button('details', 'Details', { value }),
      ]),
      context(words`Plan ${code(short(promotion.planHash))}`),
    ];
  }
  if (!('plan' in promotion) || !promotion.plan) return [];
  const value = `${id} ${promotion.planHash}`;
  const canWithdraw = promotion.state === 'approved';
  const canStop = promotion.state === 'pushing' && !promotion.tagging;
  return [
    actions([
      ...(promotion.state === 'failed'
        ? [button('retry', 'Retry', { value, style: 'primary' })]
        : []),
      ...(canWithdraw ? [button('withdraw', 'Withdraw', { value })] : []),
      ...(canStop ? [button('stop', 'Stop', { value, style: 'danger' })] : []),
      button('details', 'Details', { value }),
    ]),
  ];
}
