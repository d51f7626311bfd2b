import type { Holding } from '../../src/ports.ts';

/** Where the channel is not the test’s subject: it has seen no more than there is. */
export const free: Holding = {
  look: () => Promise.resolve(),
  looked: Promise.resolve(),
  close: () => {},
  held: () => undefined,
  mayAct: () => true,
  mayPush: () => true,
  signal: () => new AbortController().signal,
  doubt: () => {},
  trouble: () => undefined,
};
