import { mayApprove } from '../domain/approval.ts';
import { refuse, type Refusal } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import type { PlanPorts } from './planning.ts';
import type { Policy } from '../domain/policy.ts';
import type { Builds, Engine, People, Push, Secrets } from '../ports.ts';
import type { Approved, Pushed, Pushing } from '../domain/states.ts';
import { findChange } from './unchanged.ts';
import { channelRefusal, lookUp } from './who.ts';

/** What looking again needs. Nothing of it can decrypt or push. */
export interface Looking {
  readonly image: Image;
  readonly policy: Policy;
  readonly ports: PlanPorts & { readonly people: People };
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/** What carrying it out needs of whoever wants it. */
export type Carrying = Pick<Push, 'ledger' | 'onProgress' | 'beforeTag' | 'signal'>;

/** What can publish. Only here is it used; the steps get what {@link createPromote} makes of it. */
export interface PublishingPorts {
  readonly builds: Pick<Builds, 'open'>;
  readonly engine: Engine;
  readonly secrets: Secrets;
}

/**
 * Pushes what was approved, and nothing else: takes no promotion that is merely pending. May be repeated after a crash;
 * what is on the registry already is recognised. Throws a PromotionError.
 */
export type Promote = (approved: Pushing, carrying: Carrying) => Promise<Pushed>;

/**
 * What keeps an approved promotion from being pushed now, or a push that was cut off from going on, if anything: it
 * expired, somebody who asked or approved may not any more, or the world is not the one that was approved. Everything
 * that the approval stands on is looked at here, and nothing is decrypted.
 */
export async function findObstacle(
  approved: Approved | Pushing,
  looking: Looking,
): Promise<Refusal | undefined> {
  return (
    expiry(approved, looking) ??
    (await channelRefusal(looking.ports.people, looking.policy)) ??
    (await unfitPerson(approved, looking)) ??
    (await findChange(approved.plan, looking)) ??
    tooFew(approved, looking)
  );
}

/** It was approved while fewer were enough, and the policy is the plan’s again by now: then as many count as it says. */
function tooFew({ approvals }: Approved | Pushing, { policy }: Looking): Refusal | undefined {
  const { required } = policy.approval;
  if (approvals.length >= required) return undefined;
  const problem = `approval.required is ${required}, and ${approvals.length} approved while that was enough`;
  return refuse('changed-policy', { problem });
}

/** Whether the time is up. A push that has begun may go on for a while: {@link Policy} `approval.finish`. */
export function expiry(
  { state, expires }: Approved | Pushing,
  { policy, now }: Pick<Looking, 'policy' | 'now'>,
): Refusal | undefined {
  const more = state === 'pushing' ? policy.approval.finish : 0;
  if (now().getTime() < Date.parse(expires) + more) return undefined;
  return refuse('approval-expired', { expires });
}

/** The only way to the credentials: decrypted when an approved promotion is pushed, once, and kept no longer than that. */
export function createPromote({ builds, engine, secrets }: PublishingPorts): Promote {
  return async ({ plan }, { ledger, onProgress, beforeTag, signal }) => {
    signal.throwIfAborted();
    const credentials = await secrets();
    signal.throwIfAborted();
    return engine({
      target: plan.target,
      contents: plan.contents,
      open: () => builds.open(plan.build, { signal, approved: plan.artifact }),
      credentials,
      ledger,
      onProgress,
      beforeTag,
      signal,
    });
  };
}

/** Everybody who approved, and who asked, looked at again: each approver as the next one after those before. */
async function unfitPerson(
  { approvals, requester }: Approved | Pushing,
  { ports, policy }: Looking,
): Promise<Refusal | undefined> {
  const users = approvals.map(({ user }) => user);
  for (const [at, user] of users.entries()) {
    const looking = { people: ports.people, policy, before: users.slice(0, at) };
    const unfit = mayApprove(await lookUp(user, requester, looking), policy.approval);
    if (unfit) return whoIsUnfit(unfit, user, requester);
  }
  return undefined;
}

function whoIsUnfit(unfit: Refusal, user: string, requester: string): Refusal {
  const { reason, facts } = unfit;
  if (reason === 'requester-unfit') {
    return refuse('changed-requester', { who: requester, problem: facts['kind'] ?? 'unknown' });
  }
  return refuse('changed-approver', { who: user, problem: whyUnfit(unfit) });
}

function whyUnfit({ reason, facts }: Refusal): string {
  switch (reason) {
    case 'not-a-member':
      return `the account is ${facts['kind']}`;
    case 'not-an-approver':
      return 'not among the approvers';
    case 'already-approved-by-you':
      return 'the account is another approver’s own';
    case 'no-mailbox':
      return 'Slack gives no e-mail address by which two people are told apart';
    default:
      return 'the account is the requester’s own';
  }
}
