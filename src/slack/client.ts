import { WebClient, type Logger } from '@slack/web-api';
import type { Secret } from '../secret.ts';

/** How long one call to Slack may take, in milliseconds. */
const callTimeout = 10_000;

/**
 * Slack's Web API without the SDK's own retries: they repeat a post whose reply was lost, and so post it twice. What
 * may be repeated is the outbox's to decide.
 */
export function createClient(
  token: Secret,
  options: { readonly apiUrl: string; readonly logger: Logger },
): WebClient {
  return new WebClient(token.reveal(), {
    slackApiUrl: options.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: callTimeout,
    logger: options.logger,
  });
}
