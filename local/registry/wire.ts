import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './faults.ts';
import { write, type Reply } from './reply.ts';

/** Sends the answer, over a connection that goes wrong where the fault says so. */
export async function send(
  response: ServerResponse,
  reply: Reply,
  fault: Fault | undefined,
): Promise<void> {
  switch (fault?.fault) {
    case 'lose-reply':
      return void response.socket?.destroy();
    case 'half-close':
      return void response.socket?.end();
    case 'drip':
      return await drip(response, reply, fault.every);
    case 'drip-head':
      return await dripHead(response, fault.every);
    case 'hang':
      return hang(response, reply);
    default:
      return write(response, reply);
  }
}

async function drip(response: ServerResponse, reply: Reply, every: number): Promise<void> {
  response.writeHead(reply.status, reply.headers);
  for (const byte of Buffer.from(reply.body ?? '')) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await sleep(every);
  }
  response.end();
}

async function dripHead({ socket }: ServerResponse, every: number): Promise<void> {
  const head = `HTTP/1.1 200 OK\r\nx-slow: ${'x'.repeat(1000)}\r\n`;
  for (const byte of Buffer.from(head)) {
    if (!socket || socket.destroyed) return;
    socket.write(Buffer.of(byte));
    await sleep(every);
  }
}

function hang(response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body ?? '');
  // Without a body the promise of one is as good.
  const length = Math.max(body.length, 2);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': length });
  response.write(body.subarray(0, body.length >> 1));
  response.flushHeaders();
}
