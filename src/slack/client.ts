import { WebClient, type Logger } from '@slack/web-api';
import type { Secret } from '../domain/secret.ts';

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
