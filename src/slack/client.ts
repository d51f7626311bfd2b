import { WebClient, type Logger } from '@slack/web-api';
import type { Log } from '../bot.ts';
import type { Secret } from '../secret.ts';
import { insist } from './insist.ts';
import { lasts } from './trouble.ts';

/**
 * Slack's Web API without the SDK's own retries: they repeat a post whose reply was lost, and so post it twice. What
 * may be repeated is the outbox's to decide.
 */
export function createClient(
  token: Secret,
  options: {
    readonly apiUrl: string;
    readonly logger: Logger;
    /** How long one call may take, in milliseconds: ten seconds. */
    readonly timeout?: number | undefined;
  },
): WebClient {
  return new WebClient(token.reveal(), {
    slackApiUrl: options.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: options.timeout ?? 10_000,
    logger: options.logger,
  });
}

/** Who the bot is, once Slack answers; throws where Slack will not have it. */
export async function introduce(
  client: WebClient,
  log: Log,
): Promise<{ readonly botId: string; readonly botUserId: string }> {
  const answer = await insist(() => client.auth.test(), {
    what: 'Slack does not say who the bot is',
    isHopeless: lasts,
    log,
  });
  return { botId: answer.bot_id ?? '', botUserId: answer.user_id ?? '' };
}
