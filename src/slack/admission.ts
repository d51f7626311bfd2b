import type { WebClient } from '@slack/web-api';
import type { Log } from '../ports.ts';
import { PromotionError, refuse, type Refusal } from '../domain/errors.ts';
import type { Policy } from '../domain/policy.ts';
import { lookAtChannel, type ChannelFacts } from './channel.ts';
import { insist } from './insist.ts';
import { lasts, slackProblem } from './trouble.ts';

/** The bot itself, as Slack knows it. */
export interface Self {
  readonly botId: string;
  readonly botUserId: string;
}

type SlackPolicy = Pick<Policy, 'slack' | 'approval'>;

/**
 * Who the bot is, once Slack answers, and whether it may begin: its token has every scope that telling people apart and
 * the work need, and nobody but us reads the channel. Throws where Slack will not have it, and `slack-scopes`,
 * `channel-shared` or `channel-unknown`.
 */
export async function introduce(
  client: WebClient,
  { policy, log }: { readonly policy: SlackPolicy; readonly log: Log },
): Promise<Self> {
  const answer = await insist(() => client.auth.test(), {
    what: 'Slack does not say who the bot is',
    isHopeless: lasts,
    log,
  });
  const { channel } = policy.slack;
  const seen = await insist(() => lookAtChannel(client, channel), {
    what: 'Slack does not say who shares the channel',
    isHopeless: (error) => error instanceof PromotionError || lasts(error),
    log,
  }).catch(unseen);
  const scopes = answer.response_metadata?.scopes;
  if (!scopes)
    log(
      'warn',
      'the scopes of the bot’s token are not known: its answers are without their header',
    );
  const refusal = refuseAdmission({ scopes, seen }, policy);
  if (refusal) throw new PromotionError(refusal);
  return { botId: answer.bot_id ?? '', botUserId: answer.user_id ?? '' };
}

/** What Slack tells at the start. */
export interface Admission {
  /**
   * `undefined` where the answer is without the header that names them, as behind some proxies. Nothing is lost by that:
   * who cannot be told apart for want of a scope approves nothing.
   */
  readonly scopes: readonly string[] | undefined;
  readonly seen: ChannelFacts | { readonly problem: string };
}

/** A channel that could not be looked at, and why. */
export function unseen(error: unknown): { readonly problem: string } {
  const problem = error instanceof PromotionError ? error.facts['problem'] : slackProblem(error);
  return { problem: problem ?? 'no answer' };
}

/** Why the bot may not begin, if so. A scope that is missing is the news, also where it hides the channel. */
export function refuseAdmission(
  { scopes, seen }: Admission,
  policy: SlackPolicy,
): Refusal | undefined {
  const missing = scopes ? missingScopes(scopes, policy, 'problem' in seen ? undefined : seen) : [];
  if (missing.length > 0) return refuse('slack-scopes', { missing: missing.join(', ') });
  if ('problem' in seen) return refuse('channel-unknown', { problem: seen.problem });
  const { channel } = policy.slack;
  const { sharing } = seen;
  return sharing === undefined
    ? undefined
    : refuse('channel-shared', { channel, problem: sharing });
}

/** The scopes of the bot’s token without which it cannot tell people apart, or not do its work. */
function missingScopes(
  granted: readonly string[],
  { slack, approval }: SlackPolicy,
  channel?: Pick<ChannelFacts, 'isPrivate'>,
): readonly string[] {
  const isPrivate = channel?.isPrivate ?? slack.channel.startsWith('G');
  const kind = isPrivate ? 'groups' : 'channels';
  const needed = [
    'commands',
    'chat:write',
    'files:write',
    'users:read',
    // Without it Slack leaves the address out, and one person’s two accounts look like two people’s.
    'users:read.email',
    ...(approval.approvers.group === undefined ? [] : ['usergroups:read']),
    `${kind}:read`,
    `${kind}:history`,
  ];
  return needed.filter((scope) => !granted.includes(scope));
}
