import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the registry. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** Bytes of its body; without a length it counts as endless. */
  readonly bytes: number;
}

export interface Answered {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>> | undefined;
  readonly body?: string | undefined;
}

/** One way in which a registry, or what stands before it, is different. */
export interface Quirk {
  /** An answer of its own, from which the registry is not asked at all. */
  readonly instead?: ((passing: Passing) => Answered | undefined) | undefined;
  /** The registry's answer, told in another way; the body stays unless one is given. */
  readonly changed?: ((passing: Passing, answered: Answered) => Answered) | undefined;
}

export interface QuirkProxy {
  readonly url: string;
  readonly seen: readonly Passing[];
  /** Bytes of the largest body that got through. */
  largest(): number;
  close(): Promise<void>;
}

/** Stands before the registry of that URL and is as odd as all the quirks together. */
export async function startQuirkProxy(
  to: string,
  ...quirks: readonly Quirk[]
): Promise<QuirkProxy> {
  const seen: Passing[] = [];
  let largest = 0;
  const server = createServer((given, answer) => {
    const { method = '', url: path = '/', headers } = given;
    const passing = { method, path, headers, bytes: lengthOf(given) };
    seen.push(passing);
    for (const { instead } of quirks) {
      const own = instead?.(passing);
      if (!own) continue;
      given.resume();
      return void given.on('end', () => write(answer, own));
    }
    if (Number.isFinite(passing.bytes)) largest = Math.max(largest, passing.bytes);
    const onward = request(new URL(path, to), { method, headers }, (from) => {
      const whole: Answered = { status: from.statusCode ?? 502, headers: from.headers };
      const told = quirks.reduce((last, { changed }) => changed?.(passing, last) ?? last, whole);
      if (told.body !== undefined) {
        from.resume();
        return write(answer, told);
      }
      answer.writeHead(told.status, headersOf(told));
      from.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    given.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    largest: () => largest,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function write(answer: ServerResponse, told: Answered): void {
  const { 'content-length': _, 'transfer-encoding': __, ...headers } = headersOf(told);
  answer.writeHead(told.status, headers).end(told.body ?? '');
}

function headersOf({ headers = {} }: Answered): Record<string, string | string[]> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, typeof value === 'string' ? value : [...value]] as const],
  );
  return Object.fromEntries(entries);
}

function lengthOf({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding']) return Infinity;
  return Number(headers['content-length'] ?? 0);
}
