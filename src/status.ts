import { explain } from './errors.ts';
import { code, cut, escape, fact, mention, moment } from './mrkdwn.ts';
import { formatReference } from './reference.ts';
import type { Promotion } from './states.ts';

/** Where a promotion stands, as the card’s first line. `required`: how many people must agree. */
export function statusLine(promotion: Promotion, required: number): string {
  switch (promotion.state) {
    case 'asked':
      return ':mag: *Proving where the build comes from*';
    case 'pending': {
      const have = promotion.approvals.length;
      const count = required > 1 ? ` (${have} of ${required})` : '';
      return `:hourglass: *Waiting for a second person’s approval*${count} until ${moment(promotion.expires)}`;
    }
    case 'approved':
      return `:white_check_mark: *Approved* by ${approvers(promotion)}; it is pushed when its turn comes`;
    case 'pushing':
      return `:rocket: *Pushing*${promotion.tagging ? ', putting the tag' : ''}, approved by ${approvers(promotion)}`;
    case 'promoted':
    case 'reported': {
      const { target } = promotion.plan;
      const reference = formatReference({ ...target, digest: promotion.pushed.digest });
      return `:package: *Published*, approved by ${approvers(promotion)}\n${code(reference)}`;
    }
    case 'failed':
      return `:x: *Failed*, nothing was announced as published\n${explain(promotion.failure, fact)}`;
    case 'refused':
      return `:no_entry: *Refused*\n${explain(promotion.refusal, fact)}`;
    case 'unneeded':
      return `:package: *Published already*: I put this very image under the tag before\n${code(formatReference({ ...promotion.plan.target, digest: promotion.digest }))}`;
    case 'rejected':
      return `:x: *Rejected* by ${mention(promotion.by)}: ${escape(cut(promotion.why, 500))}`;
    case 'expired':
      return `:alarm_clock: *Expired*: ${promotion.approvedInTime ? 'not pushed in time; the approval was good' : 'nobody decided'} until ${moment(promotion.expires)}. Ask again to get a fresh plan.`;
    case 'withdrawn':
      return promotion.stopped
        ? `:octagonal_sign: *Stopped* during the push by ${mention(promotion.by ?? promotion.requester)}`
        : `:leftwards_arrow_with_hook: *Withdrawn* by ${mention(promotion.by ?? promotion.requester)}`;
  }
}

/** The state in plain words, for notifications, screen readers and lists; fit for mrkdwn. */
export function plainStatus(promotion: Promotion): string {
  switch (promotion.state) {
    case 'asked':
      return 'proving where the build comes from';
    case 'pending':
      return 'waiting for a second person’s approval';
    case 'promoted':
    case 'reported':
      return `published as ${formatReference({ ...promotion.plan.target, digest: promotion.pushed.digest })}`;
    case 'failed':
      return `failed. ${explain(promotion.failure, fact)}`;
    case 'refused':
      return `refused. ${explain(promotion.refusal, fact)}`;
    case 'unneeded':
      return `published already as ${formatReference({ ...promotion.plan.target, digest: promotion.digest })}`;
    case 'withdrawn':
      return promotion.stopped ? 'stopped during the push' : 'withdrawn';
    default:
      return promotion.state;
  }
}

function approvers({
  approvals,
}: {
  readonly approvals: readonly { readonly user: string }[];
}): string {
  return approvals.map(({ user }) => mention(user)).join(', ');
}
