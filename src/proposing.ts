import { mayAct } from './approval.ts';
import type { BotOptions } from './bot.ts';
import { canonicalHash } from './canonical.ts';
import { isRefusal, PromotionError, refuse, type Refusal } from './errors.ts';
import * as messages from './messages.ts';
import { cardPost, imageOf, move, thread } from './moves.ts';
import type { Plan } from './plan.ts';
import { makePlan, type Found } from './planning.ts';
import type { Post } from './ports.ts';
import { report } from './reporting.ts';
import type { Asked, Pending, Refused, Unneeded } from './states.ts';

/** asked → pending, unneeded or refused: makes the plan and puts it before people. */
export async function propose(asked: Asked, options: BotOptions): Promise<void> {
  const { ports, policy, signal } = options;
  const member = await ports.people.member(asked.requester);
  const unfit = mayAct(member);
  if (unfit) return refuseAsked(asked, unfit, options);
  const planning = {
    image: imageOf(asked.ask.image, options),
    policy,
    ports,
    signal,
    onFound: (found: Found) => announce(asked, found, options),
  };
  const plan = await makePlan(asked.ask, planning).catch((error: unknown) => {
    if (error instanceof PromotionError && !signal.aborted) return error.refusal;
    throw error;
  });
  if (isRefusal(plan)) return refuseAsked(asked, plan, options);
  return present(asked, plan, options);
}

/**
 * asked → refused. Before there was a card this is between the bot and the person; afterwards the channel has seen the
 * request and sees its end.
 */
export async function refuseAsked(
  asked: Asked,
  refusal: Refusal,
  options: BotOptions,
): Promise<void> {
  const to: Refused = { ...asked, state: 'refused', refusal, endedAt: options.now().toISOString() };
  const announced = await hasCard(asked, options);
  const says: Post = announced
    ? thread(messages.planRefused(to))
    : { kind: 'ephemeral', user: asked.requester, message: messages.refused(refusal) };
  await move(options, { from: asked, to }, { kind: 'refused', says: [says], card: announced });
}

/** The card appears once there is a build to show. */
async function announce(asked: Asked, found: Found, options: BotOptions): Promise<void> {
  const { taskId, runId, revision } = found.build;
  if (await hasCard(asked, options)) return;
  await options.ports.store.note({
    promotion: asked.id,
    event: {
      kind: 'build-proven',
      actor: 'bot',
      data: { taskId, runId, revision, target: found.target },
    },
    posts: (anchor) => [cardPost(asked, anchor, options)],
  });
}

/** Whether the card was announced, be it that Slack has it by now or not: the log knows. */
async function hasCard({ id }: Asked, { ports }: BotOptions): Promise<boolean> {
  for await (const event of ports.store.events({ promotion: id })) {
    if (event.kind === 'build-proven') return true;
  }
  return false;
}

async function present(asked: Asked, plan: Plan, options: BotOptions): Promise<void> {
  const { now, policy } = options;
  const planned = {
    ...asked,
    plan,
    planHash: canonicalHash(plan),
    approvals: [],
    expires: new Date(now().getTime() + policy.approval.expires).toISOString(),
  };
  if (plan.tagNow.state === 'holds') {
    const { digest } = plan.tagNow;
    const to: Unneeded = { ...planned, state: 'unneeded', digest, endedAt: now().toISOString() };
    const says = [thread(messages.unneeded(to)), ...(await report(to, digest, options))];
    await move(options, { from: asked, to }, { kind: 'unneeded', says });
    return;
  }
  const to: Pending = { ...planned, state: 'pending' };
  const says = [thread(messages.planReady(to))];
  const moved = await move(options, { from: asked, to }, { kind: 'planned', says });
  if (moved.outcome !== 'busy') return;
  const target = `${plan.target.name}:${plan.target.tag}`;
  await refuseAsked(asked, refuse('target-busy', { target, holder: moved.holder }), options);
}
