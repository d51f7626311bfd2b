import { mayAct } from '../domain/approval.ts';
import type { Using } from './hands.ts';
import { canonicalHash } from '../domain/canonical.ts';
import {
  isDatabaseTrouble,
  isRefusal,
  PromotionError,
  refuse,
  type Refusal,
} from '../domain/errors.ts';
import { warnOfImpostor } from './impostors.ts';
import * as messages from '../words/messages.ts';
import { cardPost, imageOf, isAnnounced, move, thread, type Moving } from './moves.ts';
import { ownKnowledge } from './own-knowledge.ts';
import type { Plan } from '../domain/plan.ts';
import { makePlan, type Found } from './planning.ts';
import type { Policy } from '../domain/policy.ts';
import type { Post } from '../domain/post.ts';
import { showReading } from './progress.ts';
import { report } from './reporting.ts';
import { channelRefusal } from './who.ts';
import type { Asked, Pending, Refused, Unneeded } from '../domain/states.ts';

/** What making a plan and putting it before people takes. */
export type Proposing = Moving &
  Using<'now' | 'log' | 'signal', 'people' | 'builds' | 'inspect' | 'registry' | 'trees'>;

/** asked → pending, unneeded or refused: makes the plan and puts it before people. */
export async function propose(asked: Asked, options: Proposing): Promise<void> {
  const { ports, policy, signal, log } = options;
  const member = await ports.people.member(asked.requester);
  const unfit = mayAct(member);
  const unable = unfit ?? (await channelRefusal(ports.people, policy));
  if (unable) return refuseAsked(asked, unable, options);
  let current = asked;
  const planning = {
    image: imageOf(asked.ask.image, options),
    policy,
    ports: { ...ports, ...ownKnowledge(options) },
    signal,
    now: options.now,
    watch: showReading({ promotion: asked.id, outbox: ports.store.outbox, log }),
    onFound: async (found: Found) => {
      current = await announce(asked, found, options);
    },
  };
  const plan = await makePlan(asked.ask, planning).catch((error: unknown) => {
    if (!(error instanceof PromotionError) || signal.aborted) throw error;
    // That is no answer to the request: it is planned again.
    if (isDatabaseTrouble(error)) throw error;
    return error.refusal;
  });
  if (isRefusal(plan)) return refuseAsked(current, plan, options);
  return present(current, plan, options);
}

/**
 * asked → refused. Before there was a card this is between the bot and the person; afterwards the channel has seen the
 * request and sees its end.
 */
export async function refuseAsked(
  asked: Asked,
  refusal: Refusal,
  options: Proposing,
): Promise<void> {
  const to: Refused = { ...asked, state: 'refused', refusal, endedAt: options.now().toISOString() };
  await warnOfImpostor(asked, refusal, options);
  const announced = await isAnnounced(asked, options);
  const says: Post = announced
    ? thread(messages.planRefused(to))
    : { kind: 'ephemeral', user: asked.requester, message: messages.refused(refusal) };
  await move(options, { from: asked, to }, { kind: 'refused', says: [says], card: announced });
}

/** The card appears once there is a build to show; not where the request was withdrawn before that. */
async function announce(asked: Asked, found: Found, options: Proposing): Promise<Asked> {
  const { taskId, runId, revision } = found.build;
  if (await isAnnounced(asked, options)) return asked;
  const to: Asked = { ...asked, announced: true };
  const announced = await options.ports.store.change({
    from: asked,
    to,
    event: {
      kind: 'build-proven',
      actor: 'bot',
      data: { taskId, runId, revision, target: found.target },
    },
    posts: (anchor) => [cardPost(to, anchor, options)],
  });
  return announced.outcome === 'changed' ? { ...to, version: announced.promotion.version } : asked;
}

async function present(asked: Asked, plan: Plan, options: Proposing): Promise<void> {
  const { now, policy } = options;
  const { tryIn } = imageOf(plan.image, options);
  const planned = {
    ...asked,
    plan,
    planHash: canonicalHash(plan),
    approvals: [],
    expires: new Date(now().getTime() + policy.approval.expires).toISOString(),
  };
  if (plan.tagNow.state === 'published') {
    const { digest } = plan.tagNow;
    const to: Unneeded = { ...planned, state: 'unneeded', digest, endedAt: now().toISOString() };
    const says = [thread(messages.unneeded(to, tryIn)), ...(await report(to, digest, options))];
    await move(options, { from: asked, to }, { kind: 'unneeded', says });
    return;
  }
  const to: Pending = { ...planned, state: 'pending' };
  const says = [thread(messages.planReady(to, tryIn))];
  const data = rulesOf(to, policy);
  const moved = await move(options, { from: asked, to }, { kind: 'planned', says, data });
  if (moved.outcome !== 'busy') return;
  const target = `${plan.target.name}:${plan.target.tag}`;
  await refuseAsked(asked, refuse('target-busy', { target, holder: moved.holder }), options);
}

/** What the log needs to know to tell later, by itself, whether a push had what it needed. */
function rulesOf({ plan, expires }: Pending, { approval }: Policy): object {
  const { required, finish } = approval;
  return { target: `${plan.target.name}:${plan.target.tag}`, expires, required, finish };
}
