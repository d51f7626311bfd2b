import type { BotOptions } from './bot.ts';
import { refuse, type Refusal } from './errors.ts';
import { isImpostor } from './impostor.ts';
import * as messages from './messages.ts';
import { warnOfImpostor } from './impostors.ts';
import { imageOf, move, thread } from './moves.ts';
import { ownKnowledge } from './own-knowledge.ts';
import { showPush } from './progress.ts';
import { findObstacle, promote, type Promoting } from './promotion.ts';
import { report } from './reporting.ts';
import { policyChange } from './unchanged.ts';
import type { Approved, Expired, Failed, Pending, Promoted, Pushing, Refused } from './states.ts';

/** approved → pushing, unless something stands against it now. From here on it can't be withdrawn. */
export async function beginPush(approved: Approved, options: BotOptions): Promise<void> {
  const obstacle = await findObstacle(approved, promoting(approved, options));
  if (obstacle?.reason === 'approval-expired') return expire(approved, options);
  if (obstacle) return refuseApproved(approved, obstacle, options);
  const to: Pushing = { ...approved, state: 'pushing', pushingSince: options.now().toISOString() };
  const says = [thread(messages.pushBegins(approved))];
  await move(options, { from: approved, to }, { kind: 'pushing', says });
}

/**
 * pushing → promoted. The audit log knows of the decryption before it happens. A push may be taken up again by a bot
 * with another configuration, which nobody approved.
 */
export async function push(pushing: Pushing, options: BotOptions): Promise<void> {
  const { ports, now } = options;
  const { registry, target } = pushing.plan;
  const changed = policyChange(pushing.plan, promoting(pushing, options));
  if (changed) return refuseApproved(pushing, changed, options);
  await ports.store.note({
    promotion: pushing.id,
    event: { kind: 'decrypting', actor: 'bot', data: { registry, target } },
  });
  const pushed = await promote(pushing, promoting(pushing, options));
  const to: Promoted = { ...pushing, state: 'promoted', pushed, promotedAt: now().toISOString() };
  const says = [thread(messages.published(to))];
  await move(options, { from: pushing, to }, { kind: 'promoted', says });
}

/** promoted → reported: the patches are in the thread. */
export async function finish(promoted: Promoted, options: BotOptions): Promise<void> {
  const says = await report(promoted, promoted.pushed.digest, options);
  await move(
    options,
    { from: promoted, to: { ...promoted, state: 'reported' } },
    { kind: 'reported', says },
  );
}

/** The world is not the one that was approved: the end of this request. */
export async function refuseApproved(
  promotion: Approved | Pushing,
  refusal: Refusal,
  options: BotOptions,
): Promise<void> {
  const named = takenMeanwhile(promotion, refusal);
  await warnOfImpostor(promotion, refusal, options);
  const to: Refused = {
    ...promotion,
    state: 'refused',
    refusal: named,
    endedAt: options.now().toISOString(),
  };
  await move(
    options,
    { from: promotion, to },
    { kind: 'refused', says: [thread(messages.planRefused(to))] },
  );
}

/** The world is merely broken: `retry` goes on under the same approval. */
export async function failApproved(
  promotion: Approved | Pushing,
  failure: Refusal,
  options: BotOptions,
): Promise<void> {
  const { pushingSince: _, ...approved } = promotion as Pushing;
  const to: Failed = {
    ...approved,
    state: 'failed',
    failure,
    endedAt: options.now().toISOString(),
  };
  await move(
    options,
    { from: promotion, to },
    { kind: 'failed', says: [thread(messages.pushFailed(to))] },
  );
}

export async function expire(promotion: Pending | Approved, options: BotOptions): Promise<void> {
  const to: Expired = { ...promotion, state: 'expired', endedAt: options.now().toISOString() };
  await move(
    options,
    { from: promotion, to },
    { kind: 'expired', says: [thread(messages.expired(to))] },
  );
}

/** A tag that was free when it was approved has been taken since: that is the news. */
function takenMeanwhile({ plan }: Approved | Pushing, refusal: Refusal): Refusal {
  const { target, digest } = refusal.facts;
  // That there is an impostor is more than that.
  const isNews = refusal.reason === 'tag-taken' && !isImpostor(refusal);
  if (!isNews || plan.tagNow.state !== 'free') return refusal;
  return refuse('changed-tag', {
    target: target ?? plan.target.tag,
    digest: digest ?? 'another image',
  });
}

function promoting(promotion: Approved | Pushing, options: BotOptions): Promoting {
  const { policy, ports, signal, now, log } = options;
  const image = imageOf(promotion.plan.image, options);
  const onProgress = showPush({ promotion: promotion.id, outbox: ports.store.outbox, log });
  return {
    image,
    policy,
    ports: { ...ports, ...ownKnowledge(options) },
    signal,
    now,
    onProgress,
  };
}
