import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A wire to a registry that can be cut. */
export interface CuttingProxy {
  readonly url: string;
  /** Cuts the connection that carries the n-th next million bytes to the registry, once. */
  cutAfter(bytes: number): void;
  cuts(): number;
  close(): Promise<void>;
}

/** Passes bytes on to `host:port` of that URL; Host headers and Locations stay those of the proxy. */
export async function startCuttingProxy(to: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  let left = Infinity;
  let cuts = 0;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    near.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) {
        if (!far.write(chunk)) near.pause();
        return;
      }
      left = Infinity;
      cuts += 1;
      far.end(chunk.subarray(0, chunk.length >> 1));
      near.destroy();
    });
    far.on('drain', () => near.resume());
    far.on('data', (chunk: Buffer) => near.write(chunk));
    near.on('end', () => far.end());
    far.on('end', () => near.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutAfter: (bytes) => void (left = bytes),
    cuts: () => cuts,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
