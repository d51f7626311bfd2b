import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { startLink } from '../../bench/service.ts';

/** Sends so many bytes over each of several connections through a link; gives what arrived, and in how many seconds. */
async function carry(megabytes: number, connections: number, each: number) {
  let arrived = 0;
  const all = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      arrived += chunk.length;
      if (arrived >= connections * each) all.resolve();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link = await startLink(`127.0.0.1:${(server.address() as AddressInfo).port}`, megabytes);
  const start = performance.now();
  for (let count = 0; count < connections; count += 1) {
    connect(Number(link.host.split(':')[1]), '127.0.0.1').end(Buffer.alloc(each));
  }
  await all.promise;
  const seconds = (performance.now() - start) / 1000;
  await link.close();
  server.close();
  return { arrived, seconds };
}

test('a link carries every byte, and no more a second than it is for, however many connections share it', async () => {
  const { arrived, seconds } = await carry(10, 4, 2_500_000);
  expect(arrived).toBe(10_000_000);
  // A second, less what the link may make up for and the last chunks, which are let through at once.
  expect(seconds).toBeGreaterThan(0.8);
});

test('without pacing the same bytes are far faster, so that the test above tests something', async () => {
  const { seconds } = await carry(100_000, 4, 2_500_000);
  expect(seconds).toBeLessThan(0.8);
});
