import { code, explained, joined, words, mention, moment, type Mrkdwn } from './mrkdwn.ts';
import { formatReference } from '../domain/reference.ts';
import type { Promotion } from '../domain/states.ts';

/** Where a promotion stands, as the card’s first line. `required`: how many people must agree. */
export function statusLine(promotion: Promotion, required: number): Mrkdwn {
  switch (promotion.state) {
    case 'asked':
      return words`:mag: *Proving where the build comes from*`;
    case 'pending': {
      const have = promotion.approvals.length;
      const count = required > 1 ? ` (${have} of ${required})` : '';
      return words`:hourglass: *Waiting for a second person’s approval*${count} until ${moment(promotion.expires)}`;
    }
    case 'approved':
      return words`:white_check_mark: *Approved* by ${approvers(promotion)}; it is pushed when its turn comes`;
    case 'pushing':
      return words`:rocket: *Pushing*${promotion.tagging ? ', putting the tag' : ''}, approved by ${approvers(promotion)}`;
    case 'promoted':
    case 'reported': {
      const { target } = promotion.plan;
      const reference = formatReference({ ...target, digest: promotion.pushed.digest });
      return words`:package: *Published*, approved by ${approvers(promotion)}\n${code(reference)}`;
    }
    case 'failed':
      return words`:x: *Failed*, nothing was announced as published\n${explained(promotion.failure)}`;
    case 'refused':
      return words`:no_entry: *Refused*\n${explained(promotion.refusal)}`;
    case 'unneeded':
      return words`:package: *Published already*: I put this very image under the tag before\n${code(formatReference({ ...promotion.plan.target, digest: promotion.digest }))}`;
    case 'rejected':
      return words`:x: *Rejected* by ${mention(promotion.by)}`;
    case 'expired':
      return words`:alarm_clock: *Expired*: ${promotion.approvedInTime ? 'not pushed in time; the approval was good' : 'nobody decided'} until ${moment(promotion.expires)}. Ask again to get a fresh plan.`;
    case 'withdrawn':
      return promotion.stopped
        ? words`:octagonal_sign: *Stopped* during the push by ${mention(promotion.by ?? promotion.requester)}`
        : words`:leftwards_arrow_with_hook: *Withdrawn* by ${mention(promotion.by ?? promotion.requester)}`;
  }
}

/** The state in plain words, for notifications, screen readers and lists; fit for mrkdwn. */
export function plainStatus(promotion: Promotion): Mrkdwn {
  switch (promotion.state) {
    case 'asked':
      return words`proving where the build comes from`;
    case 'pending':
      return words`waiting for a second person’s approval`;
    case 'promoted':
    case 'reported':
      return words`published as ${code(formatReference({ ...promotion.plan.target, digest: promotion.pushed.digest }))}`;
    case 'failed':
      return words`failed. ${explained(promotion.failure)}`;
    case 'refused':
      return words`refused. ${explained(promotion.refusal)}`;
    case 'unneeded':
      return words`published already as ${code(formatReference({ ...promotion.plan.target, digest: promotion.digest }))}`;
    case 'withdrawn':
      return promotion.stopped ? words`stopped during the push` : words`withdrawn`;
    default:
      return words`${promotion.state}`;
  }
}

function approvers({
  approvals,
}: {
  readonly approvals: readonly { readonly user: string }[];
}): Mrkdwn {
  return joined(
    approvals.map(({ user }) => mention(user)),
    ', ',
  );
}
