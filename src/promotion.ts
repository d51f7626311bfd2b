import { mayApprove, type Decider } from './approval.ts';
import { refuse, type Refusal } from './errors.ts';
import type { Image } from './image.ts';
import type { PlanPorts } from './planning.ts';
import type { Policy } from './policy.ts';
import type { Engine, Ledger, People, Progress, Secrets } from './ports.ts';
import type { Approved, Pushed, Pushing } from './states.ts';
import { findChange } from './unchanged.ts';

export interface PromotionPorts extends PlanPorts {
  readonly people: People;
  readonly engine: Engine;
  readonly secrets: Secrets;
  readonly ledger: Ledger;
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
  return (await unfitApprover(approved, promoting)) ?? (await findChange(approved.plan, promoting));
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

async function unfitApprover(
  { approvals, requester }: Approved,
  { ports, policy }: Promoting,
): Promise<Refusal | undefined> {
  for (const { user } of approvals) {
    const decider = await lookUp(user, requester, { people: ports.people, policy });
    const unfit = mayApprove(decider, policy.approval);
    if (unfit) return refuse('changed-approver', { who: user, problem: whyUnfit(unfit) });
  }
  return undefined;
}

function whyUnfit({ reason, facts }: Refusal): string {
  if (reason === 'not-a-member') return `the account is ${facts['kind']}`;
  if (reason === 'not-an-approver') return 'not among the approvers';
  return 'the account is the requester’s own';
}

/** Who clicked and who asked, as Slack knows them now. Throws where Slack does not say: then nobody is an approver. */
export async function lookUp(
  user: string,
  requester: string,
  { people, policy }: { readonly people: People; readonly policy: Policy },
): Promise<Decider> {
  const { group } = policy.approval.approvers;
  const [member, asker, members] = await Promise.all([
    people.member(user),
    people.member(requester),
    group === undefined ? undefined : people.group(group),
  ]);
  return { member, requester: asker, group: members };
}
