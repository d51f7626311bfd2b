import { addAbortListener } from 'node:events';
import type { Bytes } from '../ports.ts';

/** The same bytes, counted; ends with the signal's reason as soon as it aborts, however long the source takes. */
export async function* stoppable(
  bytes: Bytes,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array, undefined> {
  const source = bytes[Symbol.asyncIterator]();
  let stop: (reason: unknown) => void = () => undefined;
  using _ = addAbortListener(signal, () => stop(signal.reason));
  let isDone = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      // One promise for each piece: racing against one that lives as long as the push would leak.
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        stop = reject;
        source.next().then(resolve, reject);
      });
      isDone = next.done === true;
      if (next.done === true) return undefined;
      onBytes(next.value.length);
      yield next.value;
    }
  } finally {
    // Not awaited: a source that hangs would hang us too.
    if (!isDone) void source.return?.().then(undefined, () => undefined);
  }
}
