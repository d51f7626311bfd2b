import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';

/** A network between a replica and the database server, to be cut in the ways in which networks are. */
export interface Link {
  readonly url: string;
  /** From now on nothing gets through, and nobody is told. */
  freeze(): void;
  thaw(): void;
  /** Cuts the next connection that commits a change: after the server has done it, before its answer is seen. */
  cutAfterCommit(): void;
  close(): Promise<void>;
}

/** A link to the database that `url` names. */
export async function linkTo(url: string): Promise<Link> {
  const target = new URL(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  let isFrozen = false;
  let cuts = 0;

  // Half open: a farewell is answered by the other end or not at all.
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect(Number(target.port), target.hostname);
    const pair = [near, far] as const;
    let isCut = false;
    pairs.add(pair);
    const end = () => {
      // Nor does the end of a connection get through.
      if (isFrozen) return;
      near.destroy();
      far.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on('error', end).on('end', end).on('close', end);
    near.on('data', (bytes) => {
      if (isFrozen) return;
      if (cuts > 0 && bytes.includes('commit\0')) {
        cuts -= 1;
        isCut = true;
      }
      far.write(bytes);
    });
    far.on('data', (bytes) => {
      if (isFrozen) return;
      if (isCut) end();
      else near.write(bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const near = new URL(url);
  near.port = String(address.port);
  return {
    url: near.href,
    freeze: () => {
      isFrozen = true;
    },
    thaw: () => {
      isFrozen = false;
    },
    cutAfterCommit: () => {
      cuts += 1;
    },
    close: async () => {
      server.close();
      for (const [one, other] of pairs) {
        one.destroy();
        other.destroy();
      }
      await once(server, 'close');
    },
  };
}
