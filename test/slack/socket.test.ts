import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { Secret } from '../../src/domain/secret.ts';
import { createLogging } from '../../src/service/log.ts';
import { SteadySocket } from '../../src/slack/socket.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A Slack that does nothing but give out addresses and take connections. */
async function slackThat(onConnection: (socket: WebSocket, count: number) => void) {
  const server = createServer((_, response) => {
    const { port } = server.address() as AddressInfo;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ok: true, url: `ws://127.0.0.1:${port}/link` }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets = new WebSocketServer({ server });
  let count = 0;
  sockets.on('connection', (socket) => onConnection(socket, (count += 1)));
  closers.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
    server.closeAllConnections();
  });
  return { apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

function connect(apiUrl: string): SteadySocket {
  const { log, slackLogger: logger } = createLogging('silent');
  const appToken = new Secret('xapp-1-local');
  const socket = new SteadySocket({ appToken, apiUrl, logger, log, patience: 500 });
  closers.push(() => socket.stop());
  return socket;
}

const hello = JSON.stringify({ type: 'hello', connection_info: {} });

it('a Slack that takes the connection and says nothing is left and connected to anew', async () => {
  let connections = 0;
  const { apiUrl } = await slackThat((socket, count) => {
    connections = count;
    if (count > 1) socket.send(hello);
  });
  const socket = connect(apiUrl);
  expect(socket.trouble).toBe('the connection to Slack is down: not connected yet');
  await socket.start();
  expect(socket.trouble).toBeUndefined();
  expect(connections).toBe(2);
}, 15_000);

it('a Slack that says hello and goodbye at once is not asked again and again', async () => {
  let connections = 0;
  const { apiUrl } = await slackThat((socket, count) => {
    connections = count;
    socket.send(hello);
    socket.close();
  });
  const socket = connect(apiUrl);
  await socket.start();
  await expect.poll(() => socket.trouble).toBe('the connection to Slack is down: it broke');
  await sleep(1500);
  expect(connections).toBe(1);
});

it('a connection that is closed on purpose stays closed', async () => {
  let connections = 0;
  const { apiUrl } = await slackThat((socket, count) => {
    connections = count;
    socket.send(hello);
  });
  const socket = connect(apiUrl);
  await socket.start();
  await socket.stop();
  // Longer than a connection rests that did not last.
  await sleep(5500);
  expect(connections).toBe(1);
}, 15_000);
