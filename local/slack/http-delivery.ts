import { createHmac } from 'node:crypto';
import type { Attempt, Delivery, Outcome, Transport } from './delivery.ts';

interface HttpDeliveryOptions {
  /** The app's request URL. */
  readonly url: string;
  readonly signingSecret: string;
  /** Slack's clock, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds within which the app must answer 200. */
  readonly ackWithin: number;
}

/** Delivers by signed HTTP requests instead of Socket Mode. */
export function httpDelivery(options: HttpDeliveryOptions): Transport {
  return async (delivery, attempt) => {
    const { type, body } = encode(delivery);
    try {
      const response = await fetch(options.url, {
        method: 'POST',
        body,
        headers: {
          'content-type': type,
          'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
          ...signature(body, options),
          ...retryHeaders(attempt),
        },
        redirect: 'error',
        signal: AbortSignal.timeout(options.ackWithin),
      });
      return response.status === 200 ? await ackOf(response) : { error: 'dispatch_failed' };
    } catch (error) {
      const isLate = error instanceof DOMException && error.name === 'TimeoutError';
      return { error: isLate ? 'operation_timeout' : 'dispatch_failed' };
    }
  };
}

function encode({ type, payload }: Delivery): { type: string; body: string } {
  const form = 'application/x-www-form-urlencoded';
  if (type === 'events_api') return { type: 'application/json', body: JSON.stringify(payload) };
  if (type === 'interactive')
    return {
      type: form,
      body: new URLSearchParams({ payload: JSON.stringify(payload) }).toString(),
    };
  const fields = Object.entries(payload).map(([key, value]): [string, string] => [
    key,
    String(value),
  ]);
  return { type: form, body: new URLSearchParams(fields).toString() };
}

/** `v0=` HMAC-SHA256 over `v0:<timestamp>:<body>` (docs.slack.dev, verifying requests from Slack). */
function signature(
  body: string,
  { signingSecret, now }: Pick<HttpDeliveryOptions, 'signingSecret' | 'now'>,
): Record<string, string> {
  const timestamp = String(Math.floor(now() / 1000));
  const mac = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
  return { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': `v0=${mac}` };
}

function retryHeaders({ number, reason }: Attempt): Record<string, string> {
  if (number === 0) return {};
  return { 'x-slack-retry-num': String(number), 'x-slack-retry-reason': reason ?? 'http_error' };
}

async function ackOf(response: Response): Promise<Outcome> {
  const body = await response.text();
  if (body === '') return { ack: undefined };
  const isJson = response.headers.get('content-type')?.includes('json');
  return { ack: isJson ? (JSON.parse(body) as unknown) : body };
}
