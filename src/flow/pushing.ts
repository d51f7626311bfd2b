import type { Using } from './hands.ts';
import * as endings from '../words/endings.ts';
import { fail, PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import { isImpostor } from '../domain/impostor.ts';
import * as messages from '../words/messages.ts';
import { warnOfImpostor } from './impostors.ts';
import { imageOf, move, thread, type Moving } from './moves.ts';
import { ownKnowledge } from './own-knowledge.ts';
import { showPush } from './progress.ts';
import { expiry, findObstacle, type Looking } from './promotion.ts';
import type { Digest } from '../domain/reference.ts';
import { report } from './reporting.ts';
import type {
  Approved,
  Expired,
  Failed,
  Pending,
  Promoted,
  Pushing,
  Refused,
} from '../domain/states.ts';
import { isTagPut } from './tagged.ts';

/** What a push takes. It is carried out by `promote`, which alone can decrypt anything. */
export type PushHands = Moving &
  Using<
    'now' | 'log' | 'signal',
    'people' | 'builds' | 'inspect' | 'registry' | 'trees' | 'promote'
  >;

type Underway = Approved | Pushing;

/**
 * approved → pushing → promoted, in the push’s own turn; the same for a push that was cut off. Everything is looked at
 * again first, and whatever differs ends it by name. Only a tag that is put already stays what it is: it was put while
 * the approval stood, so the push is finished without putting anything.
 */
export async function push(promotion: Underway, options: PushHands): Promise<void> {
  const obstacle = await findObstacle(promotion, looking(promotion, options));
  if (obstacle && !(await isTagPut(promotion, options))) {
    return endPush(promotion, obstacle, options);
  }
  const pushing = promotion.state === 'pushing' ? promotion : await begin(promotion, options);
  if (pushing) await carryOut(pushing, obstacle, options);
}

/** approved → pushing: the compare-and-set that whoever takes it back in this moment wins or loses. */
async function begin(approved: Approved, options: PushHands): Promise<Pushing | undefined> {
  const to: Pushing = { ...approved, state: 'pushing', pushingSince: options.now().toISOString() };
  const says = [thread(messages.pushBegins(approved))];
  const moved = await move(options, { from: approved, to }, { kind: 'pushing', says });
  return moved.outcome === 'changed' ? (moved.promotion as Pushing) : undefined;
}

/** pushing → promoted. The audit log knows of the decryption before it happens, and of the tag before it is put. */
async function carryOut(
  pushing: Pushing,
  obstacle: Refusal | undefined,
  options: PushHands,
): Promise<void> {
  const { ports, now, log, signal } = options;
  let current = await beforeDecryption(pushing, options);
  const pushed = await ports.promote(pushing, {
    ledger: ownKnowledge(options).ledger,
    signal,
    onProgress: showPush({ promotion: pushing.id, outbox: ports.store.outbox, log }),
    beforeTag: async (digest) => {
      if (obstacle) throw new PromotionError(obstacle);
      current = await beforeTag(current, digest, options);
    },
  });
  const to: Promoted = { ...current, state: 'promoted', pushed, promotedAt: now().toISOString() };
  const says = [thread(messages.published(to))];
  await move(options, { from: current, to }, { kind: 'promoted', says });
}

/**
 * Written by compare-and-set, though it moves nothing: whoever took it back since it was read has won, and nothing is
 * decrypted.
 */
async function beforeDecryption(
  pushing: Pushing,
  { ports }: Pick<PushHands, 'ports'>,
): Promise<Pushing> {
  const { registry, target } = pushing.plan;
  const event = { kind: 'decrypting', actor: 'bot', data: { registry, target } };
  const noted = await ports.store.change({ from: pushing, to: pushing, event });
  return noted.outcome === 'changed' ? (noted.promotion as Pushing) : fail('interrupted', {});
}

/**
 * The last moment to stop a push: whoever stops it before this is recorded keeps the tag from being put, and from then
 * on nobody can. Also the last moment that it has.
 */
async function beforeTag(
  pushing: Pushing,
  digest: Digest | undefined,
  options: PushHands,
): Promise<Pushing> {
  const late = expiry(pushing, options);
  if (late) throw new PromotionError(late);
  // Recorded before it was cut off: nobody has been able to stop it since.
  if (pushing.tagging && pushing.tagging.digest === digest) return pushing;
  const tagging = { at: options.now().toISOString(), ...(digest ? { digest } : {}) };
  const moved = await move(
    options,
    { from: pushing, to: { ...pushing, tagging } },
    { kind: 'tagging' },
  );
  return moved.outcome === 'changed' ? (moved.promotion as Pushing) : fail('interrupted', {});
}

/** promoted → reported: the patches are in the thread. */
export async function finish(promoted: Promoted, options: PushHands): Promise<void> {
  const says = await report(promoted, promoted.pushed.digest, options);
  await move(
    options,
    { from: promoted, to: { ...promoted, state: 'reported' } },
    { kind: 'reported', says },
  );
}

/** The end of this request: its time is up, or the world is not the one that was approved. */
export async function endPush(
  promotion: Underway | Promoted,
  refusal: Refusal,
  options: PushHands,
): Promise<void> {
  if (refusal.reason === 'approval-expired' && promotion.state !== 'promoted') {
    return expire(promotion, options);
  }
  const named = takenMeanwhile(promotion, refusal);
  await warnOfImpostor(promotion, refusal, options);
  const to: Refused = {
    ...promotion,
    state: 'refused',
    refusal: named,
    endedAt: options.now().toISOString(),
  };
  const says = [thread(endings.pushRefused(to))];
  await move(options, { from: promotion, to }, { kind: 'refused', says });
}

/** The world is merely broken: `retry` goes on under the same approval. */
export async function failApproved(
  promotion: Underway,
  failure: Refusal,
  options: PushHands,
): Promise<void> {
  const to: Failed = {
    ...promotion,
    state: 'failed',
    failure,
    endedAt: options.now().toISOString(),
  };
  const says = [thread(messages.pushFailed(to))];
  await move(options, { from: promotion, to }, { kind: 'failed', says });
}

export async function expire(promotion: Pending | Underway, options: PushHands): Promise<void> {
  const to: Expired = {
    ...promotion,
    state: 'expired',
    approvedInTime: promotion.state !== 'pending',
    endedAt: options.now().toISOString(),
  };
  const says = [thread(endings.expired(to))];
  await move(options, { from: promotion, to }, { kind: 'expired', says });
}

/** A tag that was free when it was approved has been taken since: that is the news. */
function takenMeanwhile({ plan }: Underway | Promoted, refusal: Refusal): Refusal {
  const { target, digest } = refusal.facts;
  // That there is an impostor is more than that.
  const isNews = refusal.reason === 'tag-taken' && !isImpostor(refusal);
  if (!isNews || plan.tagNow.state !== 'free') return refusal;
  return refuse('changed-tag', {
    target: target ?? plan.target.tag,
    digest: digest ?? 'another image',
  });
}

function looking(promotion: Underway, options: PushHands): Looking {
  const { policy, ports, signal, now } = options;
  const image = imageOf(promotion.plan.image, options);
  return {
    image,
    policy,
    ports: { ...ports, ...ownKnowledge(options) },
    signal,
    now,
  };
}
