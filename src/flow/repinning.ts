import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { mayDecide } from '../domain/approval.ts';
import { answerRefusal } from './answer.ts';
import { answer, type Answer, type Delivery } from '../domain/delivery.ts';
import type { Using } from './hands.ts';
import { canonicalHash } from '../domain/canonical.ts';
import {
  explain,
  isRefusal,
  orRefusal,
  PromotionError,
  refuse,
  type Refusal,
} from '../domain/errors.ts';
import { sourceUrl, type Image, type Repin } from '../domain/image.ts';
import * as messages from '../words/messages.ts';
import { short } from '../words/mrkdwn.ts';
import { isAmong } from '../domain/path-pattern.ts';
import type { Reworked } from '../domain/tree.ts';
import type { Post } from '../domain/post.ts';
import { leftOut, nothingRepinned, repinBegins } from '../words/repin-message.ts';
import { repinHold, tellRepin } from './repin-ends.ts';
import { lookUpApprover } from './who.ts';

/** What a re-pin takes. It pushes nothing. */
export type RepinHands = Using<
  'policy' | 'now' | 'newId' | 'log' | 'signal',
  'store' | 'people' | 'trees' | 'repin'
>;

const fullCommit = /^[0-9a-f]{40}$/;

/** How many may wait behind the one that runs. */
const mostWaiting = 5;

export interface Repins {
  /**
   * Runs the image’s re-pin command in its container on a fresh checkout, when its turn has come, and posts the patch of
   * what it changed. Who asked is told at once; the patch comes into the channel when the command is done.
   */
  start(
    asked: { readonly image: Image; readonly ref: string | undefined },
    delivery: Delivery,
  ): Promise<Answer>;
}

/** Re-pins, for approvers and one at a time: a command is somebody’s code, and may take all that it is let have. */
export function createRepins(options: RepinHands): Repins {
  const { store } = options.ports;
  const lane = pLimit(1);
  return {
    async start({ image, ref }, delivery) {
      const asked = await weigh({ image, ref }, delivery, options);
      if (isRefusal(asked)) return answerRefusal(asked, delivery, store);
      const ahead = lane.activeCount + lane.pendingCount;
      if (ahead > mostWaiting) {
        const count = String(lane.pendingCount);
        return answerRefusal(refuse('repin-queue-full', { count }), delivery, store);
      }
      const begun = await begin(asked, { options, lane, envelope: delivery.envelope });
      return begun ? answer(repinBegins(image.name, ahead + 1)) : { show: 'nothing' };
    },
  };
}

/** Whether this may be run at all: by an approver as of now, and on what the configured branch is made of. */
async function weigh(
  { image, ref }: { readonly image: Image; readonly ref: string | undefined },
  { user }: Delivery,
  { ports, policy, newId }: RepinHands,
): Promise<Repinning | Refusal> {
  const looked = await orRefusal(lookUpApprover(user, { people: ports.people, policy }));
  if (isRefusal(looked)) return looked;
  const unable = mayDecide(looked, policy.approval);
  if (unable) return unable;
  const { name, repin } = image;
  if (!repin) return refuse('repin-unconfigured', { image: name });
  const { branch } = repin.source;
  const commit = ref === branch ? undefined : ref;
  if (commit !== undefined && !fullCommit.test(commit)) {
    const example = `/promote-image repin ${name} ${branch}`;
    return refuse('bad-reference', { ref: commit, branch, example });
  }
  return { id: newId(), image, repin, commit, user };
}

interface Beginning {
  readonly options: RepinHands;
  readonly lane: LimitFunction;
  readonly envelope: string;
}

/** Puts it into the queue; `false` for a copy of a delivery that was here before. */
async function begin(
  repinning: Repinning,
  { options, lane, envelope }: Beginning,
): Promise<boolean> {
  const { store } = options.ports;
  const { id, image, commit, user } = repinning;
  const event = { kind: 'repin-asked', actor: user, data: { id, image: image.name, ref: commit } };
  const begun = Promise.withResolvers<boolean>();
  // Held from before it is known until it has ended: that its bot died is then for every other to see.
  const held = store.hold(repinHold(id), async (lost) => {
    const noted = await store.note({ event, envelope });
    begun.resolve(noted.outcome !== 'duplicate');
    if (noted.outcome === 'duplicate') return;
    const signal = AbortSignal.any([options.signal, lost]);
    await lane(() => alone(repinning, { ...options, signal }));
  });
  held.then(() => begun.resolve(false), begun.reject);
  return begun.promise;
}

/** Replicas share an engine, and take turns at it. A queue of theirs is known to them alone. */
async function alone(repinning: Repinning, options: RepinHands): Promise<void> {
  const { signal, ports } = options;
  const run = async (lost: AbortSignal): Promise<true> => {
    await carryOut(repinning, { ...options, signal: AbortSignal.any([signal, lost]) });
    return true;
  };
  while (!signal.aborted) {
    if (await ports.store.hold(turn, run)) return;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  // It says by itself that the bot was stopped.
  await carryOut(repinning, options);
}

/** What a replica holds whose re-pin runs, and how long another waits before it looks again, in milliseconds. */
const turn = 'repin-turn';
const pause = 1000;

interface Repinning {
  readonly id: string;
  readonly image: Image;
  readonly repin: Repin;
  /** A full commit; the branch’s tip unless given. */
  readonly commit: string | undefined;
  readonly user: string;
}

async function carryOut(repinning: Repinning, options: RepinHands): Promise<void> {
  const { id, image, user } = repinning;
  try {
    options.signal.throwIfAborted();
    const { post, facts } = await makeRepinPatch(repinning, options);
    const data = { id, image: image.name, ...facts };
    await tellRepin({ kind: 'repinned', actor: user, data }, post, options);
  } catch (error) {
    options.log('warn', `no re-pin of ${image.name}`, { error });
    const refusal = reasonOf(error, image, options);
    const data = { id, image: image.name, reason: refusal.reason, facts: refusal.facts };
    const post = { kind: 'ephemeral', user, message: messages.refused(refusal) } as const;
    await tellRepin({ kind: 'repin-failed', actor: user, data }, post, options).catch(
      (cause: unknown) => options.log('error', explain(refusal), { error: cause }),
    );
  }
}

interface Made {
  readonly post: Post;
  /** For the log: on what, and what was changed. */
  readonly facts: object;
}

async function makeRepinPatch(
  { image, repin, commit, user }: Repinning,
  options: RepinHands,
): Promise<Made> {
  const { ports, signal, now } = options;
  const run = (folder: string) => ports.repin(repin, { name: image.name, folder, signal });
  const reworked = await ports.trees.rework(repin.source, commit, run);
  const { tree, changed, besides } = withinPaths(reworked, repin);
  const source = sourceUrl(repin.source);
  const files = [...changed.keys()];
  const { revision } = tree;
  const facts = { source, revision, files: some(files), besides: some(besides) };
  if (changed.size === 0) {
    const message = nothingRepinned(source, besides);
    return { post: { kind: 'ephemeral', user, message }, facts };
  }
  const message = `chore: update the requirements of ${image.name}\n\nMade by: ${repin.command.join(' ')}\n`;
  const content = await ports.trees.patch({ tree, changed, message, at: now() });
  const said = messages.patchReady({ source, revision, files, content, note: leftOut(besides) });
  // A name of its own: by it a file is known to be in the channel already, where a reply of Slack’s was lost.
  const name = `${image.name}-requirements-${short(canonicalHash(content))}.patch`;
  return { post: { kind: 'file', name, content, message: said }, facts };
}

/** As many paths as the log keeps. */
function some(paths: readonly string[]): readonly string[] {
  return paths.slice(0, 50);
}

/** The configured paths alone are the command’s to change; whatever else it changed is named, and stays as it was. */
function withinPaths({ tree, changed, besides }: Reworked, { paths, workdir }: Repin): Reworked {
  const allowed = paths ?? [workdir === '.' ? '**' : `${workdir}/**`];
  const isOutside = (path: string): boolean => !isAmong(path, allowed);
  const within = new Map([...changed].filter(([path]) => !isOutside(path)));
  return { tree, changed: within, besides: [...[...changed.keys()].filter(isOutside), ...besides] };
}

function reasonOf(error: unknown, image: Image, { signal }: RepinHands): Refusal {
  if (error instanceof PromotionError && !signal.aborted) return error.refusal;
  const unforeseen = error instanceof Error ? error.name : 'unknown';
  const problem = signal.aborted ? 'the bot was stopped meanwhile' : unforeseen;
  return refuse('repin-failed', { image: image.name, problem });
}
