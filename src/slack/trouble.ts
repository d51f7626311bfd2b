import { WebAPIPlatformError, WebAPIRateLimitedError } from '@slack/web-api';
import { fail } from '../domain/errors.ts';

/** What went wrong with a call to Slack, in a word that may be shown: its own error code, or what kind of silence. */
export function slackProblem(error: unknown): string {
  if (error instanceof WebAPIPlatformError) return codeOf(error) ?? 'its answer makes no sense';
  if (error instanceof WebAPIRateLimitedError) return 'rate limited';
  return 'no answer';
}

/** Slack’s own code. A page that a proxy answered with instead comes as an error of Slack’s too: that is none. */
function codeOf(error: WebAPIPlatformError): string | undefined {
  return /^[a-z_]{1,60}$/.test(error.data.error) ? error.data.error : undefined;
}

/** Slack’s own errors that pass by themselves. @see https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const passing = [
  'fatal_error',
  'internal_error',
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
];

/** Whether somebody must do something: Slack understood the call and will refuse it again. */
export function lasts(error: unknown): boolean {
  const code = error instanceof WebAPIPlatformError ? codeOf(error) : undefined;
  return code !== undefined && !passing.includes(code);
}

/** What `work` resolves to; throws `slack-refused` where Slack turned the bot away. */
export async function admitted<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof WebAPIPlatformError)) throw error;
    return fail('slack-refused', { problem: slackProblem(error) }, error);
  }
}

/** The longest for which Slack is believed that it wants to be left alone, in seconds. */
const longestAsked = 600;

/** Seconds that Slack asks to wait, where it does and means it: a day would be a day without the end of a story. */
export function retryAfter(error: unknown): number | undefined {
  if (!(error instanceof WebAPIRateLimitedError)) return undefined;
  return Math.min(Math.max(error.retryAfter, 0), longestAsked) || undefined;
}
