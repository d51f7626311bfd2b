import { describe, expect, it } from 'vitest';
import { createPostWatch } from '../../src/slack/post-watch.ts';

describe('who watches over posts', () => {
  function watching() {
    let time = Date.parse('2026-01-01T00:00:00Z');
    const watch = createPostWatch(() => new Date(time));
    const later = (ms: number) => void (time += ms);
    const refuse = (problem: string, lasts: boolean) =>
      watch.refused(1, { problem, lasts, again: new Date(time + 60_000) });
    return { watch, later, refuse };
  }

  it('calls at once where somebody must do something, and not once Slack has it', () => {
    const { watch, refuse } = watching();
    refuse('not_in_channel', true);
    watch.taken(2);
    expect(watch.trouble()).toBe(
      'Slack has not taken a post since 2026-01-01T00:00:00.000Z: not_in_channel',
    );
    watch.taken(1);
    expect(watch.trouble()).toBeUndefined();
  });

  it('waits five minutes for what may pass', () => {
    const { watch, later, refuse } = watching();
    refuse('no answer', false);
    later(170_000);
    refuse('rate limited', false);
    expect(watch.trouble()).toBeUndefined();
    expect(watch.oldest()).toBe(170);
    later(170_000);
    expect(watch.trouble()).toMatch(/: rate limited$/);
  });

  it('calls no more for what was given up, but counts it', () => {
    const { watch, refuse } = watching();
    refuse('message_not_found', true);
    watch.givenUp(1);
    expect(watch.trouble()).toBeUndefined();
    expect(watch.counts).toEqual({ refused: 1, givenUp: 1 });
    expect(watch.oldest()).toBe(0);
  });

  it('forgets what another replica has taken over: nothing is heard of it any more', () => {
    const { watch, later, refuse } = watching();
    refuse('not_in_channel', true);
    later(170_000);
    expect(watch.trouble()).toBeDefined();
    later(20_000);
    expect(watch.trouble()).toBeUndefined();
    expect(watch.oldest()).toBe(0);
  });
});
