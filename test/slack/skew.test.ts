import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { clockSkew } from '../../src/slack/skew.ts';

it('is known each time, though Slack closes every connection that is used again', async () => {
  const used = new WeakSet<object>();
  const server = createServer(({ socket }, response) => {
    if (used.has(socket)) socket.destroy();
    used.add(socket);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
  for (let time = 0; time < 3; time += 1) {
    expect(await clockSkew(url, () => new Date())).toBeTypeOf('number');
  }
});
