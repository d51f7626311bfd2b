import type { Message } from './ports.ts';
import { explain } from './errors.ts';
import { bytes, code, cut, escape, link, mention, moment, short } from './mrkdwn.ts';
import { formatReference } from './reference.ts';
import type { Plan, Warning } from './plan.ts';
import type { Promotion } from './states.ts';
import { actions, button, context, header, mrkdwn, type Block } from './blocks.ts';

/** What the card needs besides the promotion: where links lead and how many people must agree. */
export interface CardFacts {
  readonly rootUrl: string;
  readonly required: number;
}

/** The request card: one message in the channel, rendered anew with every change of state. */
export function card(promotion: Promotion, facts: CardFacts): Message {
  const { plan } = promotion as { plan?: Plan };
  const title = plan ? `${plan.image} → ${plan.target.tag}` : `Promote ${promotion.ask.image}`;
  const blocks: Block[] = [
    header(cut(title, 150)),
    mrkdwn(statusLine(promotion, facts)),
    ...(plan ? planBlocks(plan, facts) : []),
    context(askedLine(promotion)),
    ...buttons(promotion),
  ];
  return { text: `${title}: ${plainStatus(promotion)}`, blocks };
}

/** Every proven fact of a plan, for the details view: nothing is cut there that somebody may want to compare. */
export function details(promotion: Promotion, facts: Pick<CardFacts, 'rootUrl'>): readonly Block[] {
  const { plan, planHash } = promotion as { plan?: Plan; planHash?: string };
  if (!plan) return [mrkdwn('There is no plan yet.')];
  const { build, contents, artifact } = plan;
  const layers = contents.layers.map(({ diffId, size }) => `${code(diffId)} ${bytes(size)}`);
  return [
    mrkdwn(`*Verdict*\n${plan.build.checks.map(({ says }) => `✓ ${escape(says)}`).join('\n')}`),
    mrkdwn(
      `*Task* ${taskLink(plan, facts)} run ${build.runId}\n*Route* ${code(build.route)}\n*Signed by* ${code(build.signedBy)}`,
    ),
    mrkdwn(`*Artifact* ${bytes(artifact.size)}, ${code(artifact.sha256)}`),
    mrkdwn(`*Image id* ${code(contents.imageId)}, ${escape(contents.platform)}`),
    ...inSections('*Layers*', layers),
    mrkdwn(`*Plan hash* ${code(String(planHash))}`),
  ];
}

/** Lines in as many sections as Slack’s limit of 3,000 characters needs. */
function inSections(title: string, lines: readonly string[]): readonly Block[] {
  const sections: string[] = [];
  let text = title;
  for (const line of lines) {
    if (text.length + line.length > 2800) {
      sections.push(text);
      text = '';
    }
    text += `\n${line}`;
  }
  return [...sections, text].slice(0, 20).map((section) => mrkdwn(section));
}

function statusLine(promotion: Promotion, { required }: CardFacts): string {
  switch (promotion.state) {
    case 'asked':
      return ':mag: *Proving where the build comes from*';
    case 'pending': {
      const have = promotion.approvals.length;
      const count = required > 1 ? ` (${have} of ${required})` : '';
      return `:hourglass: *Waiting for a second person’s approval*${count} until ${moment(promotion.expires)}`;
    }
    case 'approved':
      return `:white_check_mark: *Approved* by ${approvers(promotion)}; the push is about to begin`;
    case 'pushing':
      return `:rocket: *Pushing*, approved by ${approvers(promotion)}`;
    case 'promoted':
    case 'reported': {
      const { target } = promotion.plan;
      const reference = formatReference({ ...target, digest: promotion.pushed.digest });
      return `:package: *Published*, approved by ${approvers(promotion)}\n${code(reference)}`;
    }
    case 'failed':
      return `:x: *Failed*, nothing was announced as published\n${explain(promotion.failure, escape)}`;
    case 'refused':
      return `:no_entry: *Refused*\n${explain(promotion.refusal, escape)}`;
    case 'unneeded':
      return `:package: *Published already*: the tag holds this very image\n${code(formatReference({ ...promotion.plan.target, digest: promotion.digest }))}`;
    case 'rejected':
      return `:x: *Rejected* by ${mention(promotion.by)}: ${escape(promotion.why)}`;
    case 'expired':
      return `:alarm_clock: *Expired*: nobody decided until ${moment(promotion.expires)}. Ask again to get a fresh plan.`;
    case 'withdrawn':
      return `:leftwards_arrow_with_hook: *Withdrawn* by ${mention(promotion.requester)}`;
  }
}

/** The state in plain words, for notifications and screen readers. */
export function plainStatus(promotion: Promotion): string {
  switch (promotion.state) {
    case 'asked':
      return 'proving where the build comes from';
    case 'pending':
      return 'waiting for a second person’s approval';
    case 'promoted':
    case 'reported':
      return `published as ${formatReference({ ...promotion.plan.target, digest: promotion.pushed.digest })}`;
    case 'failed':
      return `failed. ${explain(promotion.failure)}`;
    case 'refused':
      return `refused. ${explain(promotion.refusal)}`;
    case 'unneeded':
      return `published already as ${formatReference({ ...promotion.plan.target, digest: promotion.digest })}`;
    default:
      return promotion.state;
  }
}

function planBlocks(plan: Plan, facts: CardFacts): readonly Block[] {
  const { build, contents, artifact } = plan;
  const isOver = plan.build.checks.map(({ says }) => `✓ ${escape(says)}`).join('\n');
  const software = contents.mercurial ? `, Mercurial ${escape(contents.mercurial)}` : '';
  return [
    {
      type: 'section',
      fields: [
        field('Build', `${taskLink(plan, facts)} run ${build.runId}`),
        field('Commit', link(commitUrl(build.repository, build.revision), short(build.revision))),
        field('Worker pool', escape(build.workerPool)),
        field('Built', moment(build.builtAt)),
        field(
          'Image',
          `${code(short(contents.imageId))} ${contents.layers.length} layers${software}`,
        ),
        field('Artifact', `${bytes(artifact.size)}, sha256 ${code(short(artifact.sha256))}`),
        field('Publishes', code(`${plan.target.name}:${cut(plan.target.tag, 80)}`)),
        field('Tag now', tagNow(plan)),
      ],
    },
    mrkdwn(cut(isOver, 2900)),
    mrkdwn(pins(plan)),
    ...plan.warnings.map((warning) => mrkdwn(`:warning: ${warns(warning)}`)),
  ];
}

function tagNow({ tagNow: now }: Plan): string {
  if (now.state === 'free') return 'free';
  if (now.state === 'unseen') return 'not visible before the approval';
  return `holds this image (${code(short(now.digest))})`;
}

function pins(plan: Plan): string {
  if (plan.pins.length === 0) return '*Pins* none';
  const lines = plan.pins.map(
    ({ path, line, from }) => `• ${code(`${path}:${line}`)} now ${code(shortPin(from))}`,
  );
  return cut(`*Pins that will change*\n${lines.join('\n')}`, 2900);
}

/** A pin with its hashes shortened: people compare the beginning. */
function shortPin(from: string): string {
  return from.replaceAll(/[0-9a-f]{40,}/g, (hash) => `${hash.slice(0, 12)}…`);
}

function warns(warning: Warning): string {
  switch (warning.warning) {
    case 'cached':
      return `The commit asked for (${code(short(warning.asked))}) did not build this image: the task was cached. It was built from ${code(short(warning.built))}.`;
    case 'mercurial-changed':
      return `Mercurial changes from ${escape(warning.from)} to ${escape(warning.to)}: the checkout cache’s name goes up too.`;
    case 'mercurial-unknown':
      return `Mercurial is ${escape(warning.to)}; the image now pinned does not tell which it has (${escape(warning.problem)}). Look whether the checkout cache’s name must go up.`;
    case 'tag-unseen':
      return 'The registry does not show the tag without credentials: it is looked at first thing after the approval, before a layer moves.';
    case 'tag-given':
      return `The tag was given by hand; this image’s usual tag comes from ${escape(warning.rule)}.`;
    case 'pin-not-understood':
      return `${code(`${warning.path}:${warning.line}`)} names the image in a form that I do not understand: update it by hand.`;
    case 'no-pins':
      return `${escape(warning.source)} pins this image nowhere.`;
  }
}

function askedLine({ ask, requester, askedAt, id }: Promotion): string {
  const because = ask.because ? ` because ${escape(cut(ask.because, 300))}` : '';
  const bug = ask.bug ? ` for bug ${ask.bug}` : '';
  return `Asked by ${mention(requester)} ${moment(askedAt)}${bug}${because} · ${code(id)}`;
}

function approvers({
  approvals,
}: {
  readonly approvals: readonly { readonly user: string }[];
}): string {
  return approvals.map(({ user }) => mention(user)).join(', ');
}

function taskLink({ build }: Plan, { rootUrl }: Pick<CardFacts, 'rootUrl'>): string {
  return link(`${rootUrl}/tasks/${build.taskId}`, build.taskId);
}

/** Where people look at a commit: GitHub and hg.mozilla.org differ. */
export function commitUrl(repository: string, revision: string): string {
  const isHg = new URL(repository).hostname.startsWith('hg.');
  return `${repository.replace(/\.git$/, '')}/${isHg ? 'rev' : 'commit'}/${revision}`;
}

function field(name: string, value: string): { type: 'mrkdwn'; text: string } {
  return { type: 'mrkdwn', text: `*${name}*\n${value}` };
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
      context(`Plan ${code(short(promotion.planHash))}`),
    ];
  }
  if (!('plan' in promotion) || !promotion.plan) return [];
  const value = `${id} ${promotion.planHash}`;
  const canWithdraw = promotion.state === 'approved';
  return [
    actions([
      ...(promotion.state === 'failed'
        ? [button('retry', 'Retry', { value, style: 'primary' })]
        : []),
      ...(canWithdraw ? [button('withdraw', 'Withdraw', { value })] : []),
      button('details', 'Details', { value }),
    ]),
  ];
}
