import type { Log, Bytes } from '../ports.ts';
import { anchored } from '../words/messages.ts';
import { pushProgress, readingProgress } from '../words/progress-message.ts';
import type { Progress } from '../domain/push-progress.ts';
import type { Message } from '../domain/post.ts';
import type { Outbox } from '../store-port.ts';

/** Slack takes about one message a second in a channel, and nobody reads faster. Milliseconds. */
const pace = 1000;

/** Whose progress is shown, and where. */
export interface Showing {
  readonly promotion: string;
  readonly outbox: Outbox;
  readonly log: Log;
}

/** Shows a push in one message of the thread, which is replaced as it goes on. */
export function showPush(showing: Showing): (progress: Progress) => void {
  const show = inSlot('push', showing);
  return atMostOncePerSecond((progress) => show(pushProgress(progress)));
}

/** What is read sooner needs no telling. Milliseconds. */
const patience = 2000;

/** Passes an artifact’s bytes on and shows, in one message of the thread, how many there were: where it takes time. */
export function showReading(showing: Showing): (bytes: Bytes, size: number | undefined) => Bytes {
  const show = inSlot('read', showing);
  const tell = atMostOncePerSecond(({ read, size }: { read: number; size: number | undefined }) =>
    show(readingProgress(read, size)),
  );
  return async function* counted(bytes, size) {
    const began = performance.now();
    let read = 0;
    for await (const chunk of bytes) {
      read += chunk.length;
      if (performance.now() - began > patience) tell({ read, size });
      yield chunk;
    }
  };
}

/** Progress decides nothing, so a lost one is not worth failing for. */
function inSlot(slot: string, { promotion, outbox, log }: Showing): (message: Message) => void {
  return (message) => {
    outbox
      .add(promotion, (head) => ({ kind: 'slot', slot, message: anchored(message, head) }))
      .catch((error: unknown) => log('warn', 'progress is not shown', { promotion, error }));
  };
}

/** The first at once, then the newest once a second; the last one for certain. */
function atMostOncePerSecond<T>(show: (value: T) => void): (value: T) => void {
  let newest: { readonly value: T } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    timer = undefined;
    if (!newest) return;
    show(newest.value);
    newest = undefined;
    timer = setTimeout(next, pace).unref();
  };
  return (value) => {
    newest = { value };
    if (!timer) next();
  };
}
