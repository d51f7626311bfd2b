import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';

/** What went wrong with a call to Slack, in a word that may be shown: its own error code, or what kind of silence. */
export function slackProblem(error: unknown): string {
  if (error instanceof WebAPIPlatformError) return error.data.error;
  if (error instanceof WebAPIRateLimitedError) return 'rate limited';
  return 'no answer';
}

/** Seconds that Slack asks to wait, where it does. */
export function retryAfter(error: unknown): number | undefined {
  return error instanceof WebAPIRateLimitedError ? error.retryAfter : undefined;
}
