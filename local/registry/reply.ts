import type { IncomingMessage, ServerResponse } from 'node:http';

/** What the registry answers, before it is written: so that a fault can still change it. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** An error as the distribution spec words it. */
export function refusal(status: number, code: string, message = code): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ errors: [{ code, message, detail: undefined }] }),
  };
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}

/** The whole body of a request. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Writes a reply; the body of a HEAD is only counted. */
export function write(response: ServerResponse, reply: Reply): void {
  const body = reply.body === undefined ? Buffer.alloc(0) : Buffer.from(reply.body);
  for (const [name, value] of Object.entries(reply.headers ?? {})) {
    if (value !== '') response.setHeader(name, value);
  }
  const length = reply.headers?.['content-length'] ?? body.length;
  if (reply.status !== 204 && length !== '') response.setHeader('content-length', length);
  response.writeHead(reply.status);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
