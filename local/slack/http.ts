import type { IncomingMessage, ServerResponse } from 'node:http';
import type { How } from './faults.ts';

/** What goes back over HTTP. */
export interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export function json(body: object, status = 200): Reply {
  return {
    status,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  };
}

export function text(body: string, status = 200): Reply {
  return { status, body, headers: { 'content-type': 'text/plain; charset=utf-8' } };
}

/** Reads a request's body whole, up to `max` bytes. */
export async function readBody(request: IncomingMessage, max = 4 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > max) throw new RangeError(`The body is longer than ${max} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Sends a reply, or spoils it. Returns the status for the transcript. */
export function send(
  response: ServerResponse,
  reply: Reply,
  how?: How,
): number | 'dropped' | 'stalled' {
  if (how === 'stall') return 'stalled';
  if (how === 'drop-reply' || how === 'drop-request') {
    response.socket?.destroy();
    return 'dropped';
  }
  const spoiled = how === undefined ? reply : spoil(how);
  response.writeHead(spoiled.status, spoiled.headers).end(spoiled.body);
  return spoiled.status;
}

function spoil(how: Exclude<How, 'stall' | 'drop-reply' | 'drop-request'>): Reply {
  if (how === 'html')
    return {
      status: 200,
      body: '<!doctype html><title>Slack</title><h1>Something went wrong</h1>',
      headers: { 'content-type': 'text/html; charset=utf-8' },
    };
  if ('error' in how) return json({ ok: false, error: how.error });
  const retry = how.retryAfter === undefined ? {} : { 'retry-after': String(how.retryAfter) };
  const isLimit = how.status === 429;
  const reply = isLimit ? json({ ok: false, error: 'ratelimited' }, 429) : text('', how.status);
  return { ...reply, headers: { ...reply.headers, ...retry } };
}
