import type { Decider } from '../domain/approval.ts';
import { PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import type { People } from '../ports.ts';
import type { Member } from '../domain/person.ts';

export interface Looking {
  readonly people: People;
  readonly policy: Policy;
  /** Ids of the accounts that have approved already. */
  readonly before?: readonly string[];
}

/**
 * Who clicked, who asked, who approved before, and every account that is configured as somebody's: all as Slack knows
 * them now. Throws where Slack does not say one of them: then nobody is an approver.
 */
export async function lookUp(
  user: string,
  requester: string,
  { people, policy, before = [] }: Looking,
): Promise<Decider> {
  const { approvers, people: configured } = policy.approval;
  const aliases = [...new Set(configured.flat())];
  const looked = new Map<string, Promise<Member>>();
  const once = (id: string): Promise<Member> => {
    const known = looked.get(id) ?? people.member(id);
    looked.set(id, known);
    return known;
  };
  const [member, asker, approvedBy, others, group] = await Promise.all([
    once(user),
    once(requester),
    Promise.all(before.map(once)),
    Promise.all(aliases.map((id) => once(id).catch((error: unknown) => unknownAlias(id, error)))),
    approvers.group === undefined ? undefined : people.group(approvers.group),
  ]);
  return { member, requester: asker, approvedBy, aliases: others, group };
}

/** One account, and the approvers' group where one is configured, as Slack knows them now. Throws where it does not say. */
export async function lookUpApprover(
  user: string,
  { people, policy }: Looking,
): Promise<Pick<Decider, 'member' | 'group'>> {
  const { group: id } = policy.approval.approvers;
  const [member, group] = await Promise.all([
    people.member(user),
    id === undefined ? undefined : people.group(id),
  ]);
  return { member, group };
}

function unknownAlias(who: string, error: unknown): never {
  if (!(error instanceof PromotionError) || error.reason !== 'person-unknown') throw error;
  const problem = error.facts['problem'] ?? 'no answer';
  throw new PromotionError(refuse('alias-unknown', { who, problem }), { cause: error });
}

/** Nothing is decided before others’ eyes: what is wrong with the channel now, where something is. */
export async function channelRefusal(
  people: People,
  { slack: { channel } }: Policy,
): Promise<Refusal | undefined> {
  const sharing = await people.sharing(channel);
  return sharing === undefined
    ? undefined
    : refuse('channel-shared', { channel, problem: sharing });
}
