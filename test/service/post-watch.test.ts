import { describe, expect, it } from 'vitest';
import { createPostWatch } from '../../src/service/post-watch.ts';

describe('who watches over posts', () => {
  function watching() {
    let time = Date.parse('2026-01-01T00:00:00Z');
    const watch = createPostWatch(() => new Date(time));
    return { watch, later: (ms: number) => void (time += ms) };
  }

  it('calls at once where somebody must do something, and not once Slack has it', () => {
    const { watch } = watching();
    watch.refused(1, { problem: 'not_in_channel', lasts: true });
    watch.taken(2);
    expect(watch.trouble()).toBe(
      'Slack has not taken a post since 2026-01-01T00:00:00.000Z: not_in_channel',
    );
    watch.taken(1);
    expect(watch.trouble()).toBeUndefined();
  });

  it('waits five minutes for what may pass', () => {
    const { watch, later } = watching();
    watch.refused(1, { problem: 'no answer', lasts: false });
    later(200_000);
    watch.refused(1, { problem: 'rate limited', lasts: false });
    expect(watch.trouble()).toBeUndefined();
    expect(watch.oldest()).toBe(200);
    later(200_000);
    expect(watch.trouble()).toMatch(/: rate limited$/);
  });

  it('calls no more for what was given up, but counts it', () => {
    const { watch } = watching();
    watch.refused(1, { problem: 'message_not_found', lasts: true });
    watch.givenUp(1);
    expect(watch.trouble()).toBeUndefined();
    expect(watch.counts).toEqual({ refused: 1, givenUp: 1 });
    expect(watch.oldest()).toBe(0);
  });
});
