import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './faults.ts';

/** The body of a request, taken in as the fault says. What is not taken stays in the connection: whoever sends must wait. */
export async function* intake(
  request: IncomingMessage,
  fault: Fault | undefined,
): AsyncGenerator<Buffer> {
  if (fault?.fault === 'read-slowly') return yield* slowly(request, fault);
  let left = fault && 'after' in fault ? fault.after : Infinity;
  for await (const part of request as AsyncIterable<Buffer>) {
    yield part.subarray(0, left);
    left -= part.length;
    if (left > 0) continue;
    if (fault?.fault === 'stop-reading') await once(request, 'close');
    request.socket.destroy();
  }
}

async function* slowly(
  request: IncomingMessage,
  { bytes, every }: { readonly bytes: number; readonly every: number },
): AsyncGenerator<Buffer> {
  for await (const part of request as AsyncIterable<Buffer>) {
    for (let at = 0; at < part.length; at += bytes) {
      if (request.destroyed) return;
      yield part.subarray(at, at + bytes);
      await sleep(every);
    }
  }
}
