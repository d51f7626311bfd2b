import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that sends one byte after the other, each two seconds after the last one by a clock of its own. */
export interface Dribble extends AsyncDisposable {
  readonly url: string;
  readonly clock: () => number;
}

export async function startDribble(): Promise<Dribble> {
  let now = 0;
  const server = createServer((_, response) => {
    const timer = setInterval(() => {
      now += 2000;
      response.write('x');
    }, 5);
    response.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    clock: () => now,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
