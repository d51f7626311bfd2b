import { mayApprove } from './approval.ts';
import { refuse, type Refusal } from './errors.ts';
import type { Image } from './image.ts';
import type { PlanPorts } from './planning.ts';
import type { Policy } from './policy.ts';
import type { Engine, People, Progress, Secrets } from './ports.ts';
import type { Approved, Pushed, Pushing } from './states.ts';
import { findChange } from './unchanged.ts';
import { channelRefusal, lookUp } from './who.ts';

export interface PromotionPorts extends PlanPorts {
  readonly people: People;
  readonly engine: Engine;
  readonly secrets: Secrets;
}

export interface Promoting {
  readonly image: Image;
  readonly policy: Policy;
  readonly ports: PromotionPorts;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * What keeps an approved promotion from being pushed now, if anything: it expired, somebody who approved may not any
 * more, or the world is not the one that was approved. Nothing is decrypted here.
 */
export async function findObstacle(
  approved: Approved,
  promoting: Promoting,
): Promise<Refusal | undefined> {
  if (promoting.now().getTime() >= Date.parse(approved.expires)) {
    return refuse('approval-expired', { expires: approved.expires });
  }
  const { people } = promoting.ports;
  return (
    (await channelRefusal(people, promoting.policy)) ??
    (await unfitPerson(approved, promoting)) ??
    (await findChange(approved.plan, promoting))
  );
}

/**
 * Pushes what was approved, and nothing else: takes no promotion that is merely pending. The credentials are decrypted
 * here, once, and live no longer than this call. May be repeated after a crash; what is on the registry already is
 * recognised. Throws a PromotionError.
 */
export async function promote(approved: Pushing, promoting: Promoting): Promise<Pushed> {
  const { ports, signal, onProgress } = promoting;
  const { plan } = approved;
  const credentials = await ports.secrets();
  return ports.engine({
    target: plan.target,
    contents: plan.contents,
    open: () => ports.builds.open(plan.build, { signal, approved: plan.artifact }),
    credentials,
    ledger: ports.ledger,
    onProgress,
    // A push that was told to end puts no tag any more.
    beforeTag: async () => signal.throwIfAborted(),
    signal,
  });
}

/** Everybody who approved, and who asked, looked at again: each approver as the next one after those before. */
async function unfitPerson(
  { approvals, requester }: Approved,
  { ports, policy }: Promoting,
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
