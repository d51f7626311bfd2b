import type { Using } from './hands.ts';
import { isRefusal, orRefusal, PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import type { Image, PinSource } from '../domain/image.ts';
import { sourceUrl, treeName } from '../domain/image.ts';
import * as messages from '../words/messages.ts';
import { thread } from './moves.ts';
import { commitMessage, subject } from '../domain/commit-message.ts';
import { repinFiles, type Repinned } from '../pins/pins.ts';
import type { Pin } from '../domain/tree.ts';
import { isPatchable } from '../domain/patchable.ts';
import type { Plan, PlannedPin } from '../domain/plan.ts';
import type { Post } from '../domain/post.ts';
import type { TreeEdit } from '../domain/tree.ts';
import { formatReference, type Digest, type Reference } from '../domain/reference.ts';
import type { Promoted, Unneeded } from '../domain/states.ts';

/** What a patch for every tree takes. */
export type Reporting = Using<'policy' | 'now' | 'log', 'trees' | 'people'>;

/** The patch for every source tree that pins the image, ready to land, as posts for the thread. */
export async function report(
  promotion: Promoted | Unneeded,
  digest: Digest,
  options: Reporting,
): Promise<readonly Post[]> {
  const { plan } = promotion;
  const image = options.policy.images[plan.image];
  if (!image) return [];
  const reference = { ...plan.target, digest };
  const posts: Post[] = [];
  for (const source of image.pins) {
    posts.push(...(await patchPosts({ promotion, image, source, reference }, options)));
  }
  return posts;
}

interface Patching {
  readonly promotion: Promoted | Unneeded;
  readonly image: Image;
  readonly source: PinSource;
  readonly reference: Reference;
}

/** The image is published by now: a patch that can't be made is said, and keeps nothing from ending. */
async function patchPosts(patching: Patching, options: Reporting): Promise<readonly Post[]> {
  const { source, reference } = patching;
  try {
    const { patch, notUnderstood, appeared, gone } = await makePatch(patching, options);
    const url = sourceUrl(source);
    const left: readonly Post[] = [
      ...(appeared.length + gone.length > 0
        ? [thread(messages.sinceThePlan(url, { appeared, gone }))]
        : []),
      ...(notUnderstood.length > 0 ? [thread(messages.byHand(url, notUnderstood))] : []),
    ];
    if (!patch) return left.length > 0 ? left : [thread(messages.nothingToPatch(url))];
    const message = messages.patchReady({ source: url, ...patch });
    return [{ kind: 'file', name: patch.name, content: patch.content, message }, ...left];
  } catch (error) {
    const refusal = reasonOf(error, patching);
    options.log('warn', `no patch for ${sourceUrl(source)}`, {
      promotion: patching.promotion.id,
      error,
    });
    return [thread(messages.patchFailed(refusal, formatReference(reference)))];
  }
}

function reasonOf(error: unknown, { promotion }: Patching): Refusal {
  if (error instanceof PromotionError) return error.refusal;
  return refuse('unexpected', {
    problem: error instanceof Error ? error.name : 'unknown',
    id: promotion.id,
  });
}

async function makePatch({ promotion, image, source, reference }: Patching, options: Reporting) {
  const { ports, now, policy } = options;
  const { plan } = promotion;
  const tree = await ports.trees.read(source, [image.publish, ...image.formerly]);
  const seen = plan.pins.filter((pin) => pin.source === sourceUrl(source));
  // What no patch can name was told in the plan: it would keep the others from being patched.
  const files = tree.files.filter(({ path }) => isPatchable(path));
  const repinned = repinFiles(files, image, {
    reference,
    mercurialChanged: mercurialChanged(plan),
    moves: (pin) => seen.some((one) => isSame(one, pin)),
  });
  const { changed, caches } = repinned;
  const told = { ...repinned, appeared: repinned.spared, gone: goneOf(seen, repinned) };
  if (changed.size === 0) return { ...told, patch: undefined };
  const message = commitMessage({
    subject:
      source.message === undefined
        ? plan.message
        : subject({ message: source.message }, { tag: reference.tag, bug: promotion.ask.bug }),
    reviewers: source.reviewers,
    reference: formatReference(reference),
    task: `${policy.taskcluster.rootUrl}/tasks/${plan.build.taskId}`,
    repository: plan.build.repository,
    revision: plan.build.revision,
    caches,
  });
  const planned = plan.trees.find((one) => one.source === tree.source)?.revision;
  const author = await authorOf(promotion.requester, options);
  const content = await ports.trees.patch({ tree, changed, message, at: now(), planned, author });
  const movedSince = planned !== undefined && planned !== tree.revision ? planned : undefined;
  const name = `${image.name}-${reference.tag.slice(0, 12)}-${treeName(sourceUrl(source))}.patch`;
  const patch = { name, content, revision: tree.revision, files: [...changed.keys()], movedSince };
  return { ...told, patch };
}

/** Who asked, by the name and address that Slack knows; a patch does not wait for Slack to tell. */
async function authorOf(user: string, { ports }: Reporting): Promise<TreeEdit['author']> {
  const member = await orRefusal(ports.people.member(user));
  if (isRefusal(member) || !member.email) return undefined;
  return { name: member.name ?? member.email, email: member.email };
}

/** Lines move; a pin is the same where its file says the same. */
function isSame(a: Omit<Pin, 'line'>, b: Omit<Pin, 'line'>): boolean {
  return a.path === b.path && a.from === b.from;
}

/** What the approver saw and is not there any more, but for what says the new reference by now. */
function goneOf(seen: readonly PlannedPin[], { pins, settled }: Repinned): readonly PlannedPin[] {
  return seen.filter(
    (one) =>
      !pins.some((pin) => isSame(one, pin)) && !settled.some(({ path }) => path === one.path),
  );
}

function mercurialChanged({ warnings }: Plan): boolean {
  return warnings.some(({ warning }) => warning === 'mercurial-changed');
}
