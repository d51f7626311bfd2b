import { formatAnchor, shortAnchor } from '../domain/anchors.ts';
import { actions, button, context, mrkdwn, preformatted, quoted } from './blocks.ts';
import type { Block, Anchor, Message } from '../domain/post.ts';
import type { Refusal } from '../domain/errors.ts';
import {
  bytes,
  code,
  cut,
  explained,
  fit,
  joined,
  words,
  mention,
  moment,
  Mrkdwn,
  plainly,
} from './mrkdwn.ts';
import { foundWords, proofWords, pushWords } from './tag-words.ts';
import type { Plan } from '../domain/plan.ts';
import { formatReference } from '../domain/reference.ts';
import type {
  Approved,
  Failed,
  Pending,
  Promoted,
  Promotion,
  Refused,
  Rejected,
  Unneeded,
} from '../domain/states.ts';
import { isPlain } from '../domain/visible.ts';

/** Every word that Slack shows, apart from the card’s: facts in, message out. */

/** The message with the end of the audit chain on it: the channel witnesses the log. */
export function anchored(message: Message, anchor: Anchor): Message {
  return {
    ...message,
    blocks: [...message.blocks, context(Mrkdwn.ours(shortAnchor(anchor)))],
    audit: formatAnchor(anchor),
  };
}

export function refused(refusal: Refusal): Message {
  return say(explained(refusal));
}

/** What a person gets at once, before anything is known. */
export function lookingForBuild({ ask }: Pick<Promotion, 'ask'>): Message {
  return say(words`Looking for the build of *${ask.image}*. The plan appears in the channel.`);
}

/** `tryIn`: the hook that runs the image straight from its task. */
export function planReady({ plan, requester, expires }: Pending, tryIn?: string): Message {
  const { name, tag } = plan.target;
  const { text, blocks } = say(
    words`Proven: ${code(plan.build.taskId)} built this image. ${foundWords(plan)}${mention(requester)} cannot approve it; a second person can, until ${moment(expires)}. Nothing is decrypted or pushed before that.`,
    words`Proven. ${name}:${tag} waits for a second person’s approval.`,
  );
  return { text, blocks: [...blocks, ...howToTry(plan, tryIn)] };
}

/** How to run the image before its pins land: what the hook takes as its image. */
function howToTry({ build }: Plan, hook: string | undefined): readonly Block[] {
  if (hook === undefined) return [];
  const image = { type: 'task-image', taskId: build.taskId, path: build.artifact.name };
  return [
    mrkdwn(
      words`To try it before its pins land: open the hook ${code(hook)} in Taskcluster, put this in the place of ${code('image')} in its definition, save it, and trigger it. It works where a decision task appears; then put the hook’s own image back.`,
    ),
    preformatted(JSON.stringify(image)),
  ];
}

export function planRefused({ requester, refusal }: Refused): Message {
  return say(words`${mention(requester)} :no_entry: ${explained(refusal)}`);
}

export function approvedBy(promotion: Pending | Approved, required: number): Message {
  const last = promotion.approvals.at(-1);
  const who = last ? mention(last.user) : words`somebody`;
  const open = required - promotion.approvals.length;
  const rest = open > 0 ? ` ${open} more ${open === 1 ? 'person' : 'people'} must approve.` : '';
  return say(words`:white_check_mark: Approved by ${who}.${rest}`);
}

export function rejectedBy({ by, why, requester }: Rejected): Message {
  const { text, blocks } = say(words`${mention(requester)} :x: Rejected by ${mention(by)}:`);
  return { text: `${text} ${plainly(words`${why}`)}`, blocks: [...blocks, quoted(cut(why, 500))] };
}

export function retriedBy(user: string): Message {
  return say(words`:repeat: ${mention(user)} tries again under the same approval.`);
}

export function pushBegins({ plan }: Approved): Message {
  return say(words`Nothing changed since the approval. ${pushWords(plan)}`);
}

/** The outcome: digest, size, time, who. */
export function published(promotion: Promoted): Message {
  const { pushed, plan, requester, approvals, pushingSince, promotedAt } = promotion;
  const reference = formatReference({ ...plan.target, digest: pushed.digest });
  const seconds = Math.max(
    1,
    Math.round((Date.parse(promotedAt) - Date.parse(pushingSince)) / 1000),
  );
  const who = joined(
    approvals.map(({ user }) => mention(user)),
    ', ',
  );
  const facts = words`${bytes(pushed.size)} (${bytes(pushed.sent)} sent) in ${seconds} s. Asked by ${mention(requester)}, approved by ${who}. ${proofWords(pushed)}`;
  return {
    text: plainly(words`Published ${code(reference)}`),
    blocks: [
      mrkdwn(words`${mention(requester)} :package: *Published*`),
      preformatted(reference),
      mrkdwn(facts),
    ],
  };
}

export function unneeded({ plan, digest, requester }: Unneeded, tryIn?: string): Message {
  const reference = formatReference({ ...plan.target, digest });
  return {
    text: plainly(words`Published already: ${code(reference)}`),
    blocks: [
      mrkdwn(
        words`${mention(requester)} :package: I published this very image under this tag already: there is nothing to promote.`,
      ),
      preformatted(reference),
      ...howToTry(plan, tryIn),
    ],
  };
}

export function targetFree({ requester }: Promotion, ended: Promotion): Message {
  const isPublished = ended.state === 'reported';
  const now = isPublished ? 'has been published' : 'is free again: ask again if you still want it';
  return say(
    words`${mention(requester)} :bell: ${code(ended.id)} is ${ended.state}, so the target ${now}.`,
  );
}

/** The failure, and the way to try again: it stands with the failure, for the requester and every approver. */
export function pushFailed({ failure, requester, id, planHash }: Failed): Message {
  const { text, blocks } = say(words`${mention(requester)} :x: ${explained(failure)}`);
  const retry = button('retry', 'Retry', { value: `${id} ${planHash}`, style: 'primary' });
  return { text, blocks: [...(blocks as readonly Block[]), actions([retry])] };
}

/** A patch in words: what it changes, on which revision, and the text itself where it is short. */
export function patchReady(patch: {
  readonly source: string;
  readonly revision: string;
  readonly files: readonly string[];
  readonly content: string;
  readonly movedSince?: string | undefined;
  /** A sentence more, in our own words. */
  readonly note?: Mrkdwn | undefined;
}): Message {
  const { source, revision, files, content, movedSince, note } = patch;
  const moved = movedSince
    ? words` The tree has moved since the plan (${code(movedSince.slice(0, 12))}).`
    : '';
  const named = joined(
    files.slice(0, 5).map((path) => code(cut(path, 200))),
    ', ',
  );
  const more = files.length > 5 ? ` and ${files.length - 5} more` : '';
  const line = words`Patch for ${source} at ${code(revision.slice(0, 12))}: ${named}${more}. Lands with \`git am\` or \`hg import\`.${moved}`;
  const blocks: Block[] = [mrkdwn(line), ...(note ? [mrkdwn(note)] : [])];
  // What people would not see as it is, they read in the file.
  if (content.length <= 2900 && isPlain(content)) blocks.push(preformatted(content));
  return { text: plainly(words`Patch for ${source}`), blocks };
}

export function nothingToPatch(source: string): Message {
  return say(words`${source} needs no patch: nothing there pins this image otherwise.`);
}

/** What the tree pins now and the approver did not see, and what they saw and is gone: no patch touches either. */
export function sinceThePlan(
  source: string,
  { appeared, gone }: { readonly appeared: readonly Saying[]; readonly gone: readonly Saying[] },
): Message {
  const saying = ({ path, from }: Saying): Mrkdwn =>
    words`${code(cut(path, 200))} says ${code(cut(from, 200))}`;
  const lines = [
    ...appeared.map((pin) => words`• appeared: ${saying(pin)}; not in the patch, as nobody saw it`),
    ...gone.map((pin) => words`• gone: ${saying(pin)} no more`),
  ];
  const head = words`:warning: ${source} pins this image otherwise than the plan said. Move what is left by hand, or ask for the same build again: it is published, and the patch is made anew.`;
  return say(fit([head, ...lines], 2900));
}

interface Saying {
  readonly path: string;
  readonly from: string;
}

/** Pins that a person must move: they were not understood. */
export function byHand(
  source: string,
  pins: readonly { readonly path: string; readonly line: number }[],
): Message {
  const lines = pins.map(({ path, line }) => words`• ${code(`${cut(path, 200)}:${line}`)}`);
  const head = words`:warning: ${source} names this image in a form that I do not understand: update it by hand.`;
  return say(fit([head, ...lines], 2900));
}

export function patchFailed(refusal: Refusal, reference: string): Message {
  return say(
    words`:warning: The image is published, but its patch could not be made: ${explained(refusal)} Pin ${code(reference)} by hand.`,
  );
}

/** A message of one paragraph; its plain text is the same without marks where no other is given. */
export function say(text: Mrkdwn, plain: Mrkdwn = text): Message {
  return { text: plainly(plain), blocks: [mrkdwn(text)] };
}
