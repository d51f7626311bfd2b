import { approve, mayAct, reject, retry, withdraw } from '../domain/approval.ts';
import { answerRefusal } from './answer.ts';
import { answer, type Answer, type Click, type Delivery } from '../domain/delivery.ts';
import type { Using } from './hands.ts';
import * as endings from '../words/endings.ts';
import { isRefusal, PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import * as messages from '../words/messages.ts';
import { cardPost, isAnnounced, thread } from './moves.ts';
import type { Policy } from '../domain/policy.ts';
import type { Anchor, Message, Post } from '../domain/post.ts';
import type { Promotion } from '../domain/states.ts';
import { lookUp } from './who.ts';

/** What a decision takes. */
export type Deciding = Using<'policy' | 'now' | 'waiting', 'store' | 'people'>;

export interface Decisions {
  decide(click: Click): Promise<Answer>;
  mayReject(click: Click): Promise<Refusal | undefined>;
  withdrawById(id: string, delivery: Delivery): Promise<Answer>;
}

/** What came of a click: the new value, what the audit log calls it, and what the thread is told. */
interface Outcome {
  readonly to: Promotion;
  readonly kind: string;
  readonly says: Message;
}

/**
 * A click is decided on the promotion as it is stored, with its people as Slack knows them at this moment, and written
 * by compare-and-set. Where somebody was faster it is decided again, on what they left.
 */
export function createDecisions(options: Deciding): Decisions {
  const { store } = options.ports;

  async function decide(click: Click): Promise<Answer> {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const promotion = await store.get(click.promotion);
      if (!promotion)
        return answerRefusal(refuse('unknown-promotion', { id: click.promotion }), click, store);
      const outcome = await weigh(promotion, click, options);
      if (isRefusal(outcome)) return answerRefusal(outcome, click, store);
      const hasCard = 'plan' in outcome.to || (await isAnnounced(promotion, options));
      const changed = await store.change({
        from: promotion,
        to: outcome.to,
        event: {
          kind: outcome.kind,
          actor: click.user,
          data: eventData(outcome.to, click, options.policy),
        },
        posts: hasCard ? (anchor) => posts(outcome, anchor, options) : undefined,
        envelope: click.envelope,
      });
      if (changed.outcome === 'changed') await options.waiting.tell(outcome.to);
      if (changed.outcome === 'changed' && !hasCard) return answer(outcome.says);
      if (changed.outcome === 'changed' || changed.outcome === 'duplicate')
        return { show: 'nothing' };
      if (changed.outcome === 'busy') {
        const busy = { target: targetOf(promotion), holder: changed.holder };
        return answerRefusal(refuse('target-busy', busy), click, store);
      }
    }
    return answerRefusal(
      refuse('database-failed', { problem: 'too many clicks at once' }),
      click,
      store,
    );
  }

  return {
    decide,
    async mayReject(click) {
      const promotion = await store.get(click.promotion);
      if (!promotion) return refuse('unknown-promotion', { id: click.promotion });
      const outcome = await weigh(promotion, { ...click, action: 'reject', why: '' }, options);
      return isRefusal(outcome) ? outcome : undefined;
    },
    withdrawById: (id, delivery) =>
      decide({ ...delivery, action: 'withdraw', promotion: id, planHash: '' }),
  };
}

/** The pure decision, with its facts gathered first. Slack that does not answer makes nobody an approver. */
async function weigh(
  promotion: Promotion,
  click: Click,
  options: Deciding,
): Promise<Outcome | Refusal> {
  const { policy, ports, now } = options;
  try {
    if (click.action === 'withdraw' || click.action === 'stop') {
      const unfit = mayAct(await ports.people.member(click.user));
      if (unfit) return unfit;
      const to = withdraw(promotion, click.user, now());
      return isRefusal(to) ? to : { to, kind: 'withdrawn', says: endings.withdrawn(to) };
    }
    const approvals = 'approvals' in promotion ? promotion.approvals : [];
    const before = approvals.map(({ user }) => user);
    const looking = { people: ports.people, policy, before };
    const looked = await lookUp(click.user, promotion.requester, looking);
    const unfit = mayAct(looked.member);
    if (unfit) return unfit;
    const decider = { ...looked, planHash: click.planHash, now: now() };
    switch (click.action) {
      case 'approve': {
        const to = approve(promotion, decider, policy.approval);
        if (isRefusal(to)) return to;
        return { to, kind: 'approved', says: messages.approvedBy(to, policy.approval.required) };
      }
      case 'reject': {
        const to = reject(promotion, { ...decider, why: click.why ?? '' }, policy.approval);
        return isRefusal(to) ? to : { to, kind: 'rejected', says: messages.rejectedBy(to) };
      }
      case 'retry': {
        const to = retry(promotion, decider, policy.approval);
        return isRefusal(to) ? to : { to, kind: 'retried', says: messages.retriedBy(click.user) };
      }
      case 'promote':
      case 'details':
        return refuse('unknown-command', { text: 'details', example: '/promote-image status' });
    }
  } catch (error) {
    if (error instanceof PromotionError) return error.refusal;
    throw error;
  }
}

function targetOf(promotion: Promotion): string {
  const plan = 'plan' in promotion ? promotion.plan : undefined;
  return plan ? `${plan.target.name}:${plan.target.tag}` : promotion.ask.image;
}

function eventData(to: Promotion, click: Click, { approval }: Policy): object {
  const planHash = 'planHash' in to ? to.planHash : undefined;
  const yes = click.action === 'approve' && 'approvals' in to ? to.approvals?.at(-1) : undefined;
  // The rule under which the account was found to be an approver’s.
  const approvers = yes && Object.keys(approval.approvers).toSorted().join(' and ');
  // How many must agree by the policy of this moment, which need not be the plan’s any more.
  const required = yes && approval.required;
  const { action, why } = click;
  return { action, state: to.state, planHash, why, approval: yes, approvers, required };
}

function posts({ to, says }: Outcome, anchor: Anchor, options: Deciding): readonly Post[] {
  return [cardPost(to, anchor, options), thread(messages.anchored(says, anchor))];
}
