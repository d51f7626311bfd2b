import { expect, it } from 'vitest';
import { isAnnounced } from '../../src/flow/moves.ts';
import type { ChainedEvent } from '../../src/domain/event.ts';

/** A log with events of these kinds; `undefined`: one that must not be asked. */
function logOf(kinds: readonly string[] | undefined) {
  const events = async function* (): AsyncGenerator<ChainedEvent> {
    if (!kinds) throw new Error('the log was read');
    for (const [at, kind] of kinds.entries()) {
      const { seq, hash } = { seq: at + 1, hash: '' };
      yield { seq, hash, previous: '', kind, actor: 'bot', data: {}, promotion: 'a', at: '' };
    }
  };
  return { ports: { store: { events } } };
}

it('a promotion tells by itself whether its card was announced', async () => {
  expect(await isAnnounced({ id: 'a', announced: true }, logOf(undefined))).toBe(true);
  expect(await isAnnounced({ id: 'a', announced: false }, logOf(undefined))).toBe(false);
});

it('of one that was asked for before promotions told it, the log does', async () => {
  expect(await isAnnounced({ id: 'a' }, logOf(['asked', 'build-proven']))).toBe(true);
  expect(await isAnnounced({ id: 'a' }, logOf(['asked']))).toBe(false);
});
