import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of somebody else’s, which writes down whoever comes. */
export interface Stranger {
  /** On loopback, which is kin to a registry on loopback. */
  readonly url: string;
  /** The same server under an address that is nobody’s kin: IPv4 in the disguise of IPv6. */
  readonly foreignUrl: string;
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
  connections: number;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): void;
}

export async function startStranger(): Promise<Stranger> {
  const server: Server = createServer((request, response) => {
    const { url: path = '', headers } = request;
    made.requests.push({ path, authorization: headers.authorization });
    request.resume();
    made.answer(request, response);
  });
  server.on('connection', () => (made.connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const made: Stranger = {
    url: `http://127.0.0.1:${port}`,
    foreignUrl: `http://[::ffff:127.0.0.1]:${port}`,
    requests: [],
    connections: 0,
    answer: (_, response) => response.writeHead(404).end(),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return made;
}
