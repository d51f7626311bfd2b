import { treeName } from './image.ts';
import type { Message } from './store-port.ts';
import { bytes, code, cut, escape, fit, link, mention, moment, short, utc } from './mrkdwn.ts';
import type { Plan, TagNow, Warning } from './plan.ts';
import type { Promotion } from './states.ts';
import { plainStatus, statusLine } from './status.ts';
import { actions, button, context, header, mrkdwn, type Block } from './blocks.ts';

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
    ...(plan ? planBlocks(plan, promotion, facts) : []),
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
    ...inSections('*Verdict*', verdict(plan)),
    mrkdwn(
      `*Task* ${taskLink(plan, facts)} run ${build.runId}\n*Route* ${code(build.route)}\n*Signed by* ${code(build.signedBy)}`,
    ),
    mrkdwn(`*Artifact* ${bytes(artifact.size)}, ${code(artifact.sha256)}`),
    mrkdwn(`*Image id* ${code(contents.imageId)}, ${escape(contents.platform)}`),
    ...('digest' in plan.tagNow ? [mrkdwn(`*The tag holds* ${code(plan.tagNow.digest)}`)] : []),
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

function planBlocks(plan: Plan, promotion: Promotion, facts: CardFacts): readonly Block[] {
  const isOpen = ['pending', 'approved', 'pushing', 'failed'].includes(promotion.state);
  if (!isOpen) return [{ type: 'section', fields: buildFields(plan, facts) }];
  return [
    { type: 'section', fields: [...buildFields(plan, facts), ...imageFields(plan)] },
    mrkdwn(fit(verdict(plan).map(brief), longest)),
    mrkdwn(fit(pins(plan), longest)),
    ...(plan.warnings.length > 0 ? [mrkdwn(fit(warnings(plan), longest))] : []),
  ];
}

/** Characters of one list on the card: Slack takes 3,000 in a section, and about 13,000 in a message. */
const longest = 2400;

function verdict({ build }: Plan): readonly string[] {
  return build.checks.map(({ says }) => `✓ ${escape(cut(says, 400))}`);
}

function buildFields(plan: Plan, facts: CardFacts): readonly object[] {
  const { build } = plan;
  return [
    field('Build', `${taskLink(plan, facts)} run ${build.runId}`),
    field('Commit', link(commitUrl(build.repository, build.revision), short(build.revision))),
  ];
}

function imageFields({ build, contents, artifact, target, ...plan }: Plan): readonly object[] {
  const software = contents.mercurial ? `, Mercurial ${escape(contents.mercurial)}` : '';
  return [
    field('Worker pool', escape(build.workerPool)),
    field('Built', moment(build.builtAt)),
    field('Image', `${code(short(contents.imageId))}, ${contents.layers.length} layers${software}`),
    field('Artifact', `${bytes(artifact.size)}, sha256 ${code(short(artifact.sha256))}`),
    field('Publishes', code(`${target.name}:${cut(target.tag, 80)}`)),
    field('Tag now', tagWords(plan.tagNow)),
  ];
}

/** Hashes and keys cut to what the eye compares, moments to the minute: the details have them whole. */
function brief(text: string): string {
  return text
    .replaceAll(/\b[0-9a-f]{40,64}\b/g, (hash) => `${hash.slice(0, 12)}…`)
    .replaceAll(/[A-Za-z0-9+/]{43}=/g, (key) => `${key.slice(0, 8)}…`)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (iso) => utc(iso));
}

function tagWords(now: TagNow): string {
  if (now.state === 'free') return 'free';
  if (now.state === 'unseen') return 'not visible before the approval';
  if (now.state === 'published') return `holds this image (${code(short(now.digest))})`;
  return `holds this image (${code(short(now.digest))}), *not published by me*: every layer was proven, nothing will be sent`;
}

function pins(plan: Plan): readonly string[] {
  if (plan.pins.length === 0) return ['*Pins* none'];
  const sources = new Set(plan.pins.map(({ source }) => source));
  const lines = plan.pins.map(({ source, path, line, from }) => {
    const says = from.startsWith(`${plan.target.name}:`)
      ? from.slice(plan.target.name.length + 1)
      : from;
    const tree = sources.size > 1 ? ` in ${escape(cut(treeName(source), 60))}` : '';
    return `• ${place({ path, line })}${tree} now ${code(cut(brief(says), 200))}`;
  });
  return ['*Pins that will change*', ...lines];
}

function warnings(plan: Plan): readonly string[] {
  return plan.warnings.map((warning) => `:warning: ${warns(warning)}`);
}

function place({ path, line }: { readonly path: string; readonly line: number }): string {
  return code(`${cut(path, 200)}:${line}`);
}

function warns(warning: Warning): string {
  switch (warning.warning) {
    case 'cached':
      return `The commit asked for (${code(short(warning.asked))}) did not build this image: the task was cached. It was built from ${code(short(warning.built))}.`;
    case 'mercurial-changed':
      return `Mercurial changes from ${escape(warning.from)} to ${escape(warning.to)}: the checkout cache’s name goes up too.`;
    case 'mercurial-unknown':
      return `Mercurial is ${escape(warning.to)}; which one the image now pinned has is not known. ${escape(brief(cut(warning.problem, 300)))} Look whether the checkout cache’s name must go up.`;
    case 'own-word':
      return `Nothing proves where this build comes from: ${escape(cut(warning.repository, 200))} and commit ${code(short(warning.revision))} are the task’s own word (no decision task is asked for this image).`;
    case 'tag-unseen':
      return 'The registry does not show the tag without credentials: it is looked at first thing after the approval, before a layer moves.';
    case 'tag-given':
      return `The tag was given by hand; this image’s usual tag comes from ${escape(warning.rule)}.`;
    case 'pin-not-understood':
      return `${place(warning)} names the image in a form that I do not understand: update it by hand.`;
    case 'no-pins':
      return `${escape(warning.source)} pins this image nowhere.`;
    case 'moving-tag':
      return `${place(warning)} names ${code(cut(warning.name, 100))}, a tag that moves: it follows that one and is left as it is.`;
    case 'released-tag':
      return `${place(warning)} pins ${code(cut(warning.tag, 60))}: releases of ${escape(warning.repository)} publish such tags themselves. Where the next release will do, wait for it and pin that.`;
  }
}

function askedLine({ ask, requester, askedAt, id }: Promotion): string {
  const because = ask.because ? ` because ${escape(cut(ask.because, 300))}` : '';
  const bug = ask.bug ? ` for bug ${ask.bug}` : '';
  return `Asked by ${mention(requester)} ${moment(askedAt)}${bug}${because} · ${code(id)}`;
}

function taskLink({ build }: Plan, { rootUrl }: Pick<CardFacts, 'rootUrl'>): string {
  return link(`${rootUrl}/tasks/${build.taskId}`, build.taskId);
}

/** Where people look at a commit: GitHub and hg.mozilla.org differ. */
function commitUrl(repository: string, revision: string): string {
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
