import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Before a registry, as nginx is: answers some requests itself. */
export interface QuirkProxy {
  readonly url: string;
  /** Bytes of the largest body that got through. */
  largest(): number;
  close(): Promise<void>;
}

/**
 * Passes requests on to the registry of that URL, but for those that `quirk` gives a status for. Bodies without a
 * length count as endless.
 */
export async function startQuirkProxy(
  to: string,
  quirk: (method: string, bytes: number) => number | undefined,
): Promise<QuirkProxy> {
  let largest = 0;
  const server = createServer((given, answer) => {
    const status = quirk(given.method ?? '', lengthOf(given));
    if (status !== undefined) {
      given.resume();
      return void given.on('end', () => answer.writeHead(status).end());
    }
    if (Number.isFinite(lengthOf(given))) largest = Math.max(largest, lengthOf(given));
    const { method, headers } = given;
    const onward = request(new URL(given.url ?? '/', to), { method, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    given.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    largest: () => largest,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function lengthOf({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding']) return Infinity;
  return Number(headers['content-length'] ?? 0);
}
