import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { keepTicking } from '../../src/service/clock.ts';

function setting(tick: () => Promise<void>) {
  const listeners = new Set<() => void>();
  const errors: string[] = [];
  const stop = keepTicking(tick, {
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    log: (_, message) => void errors.push(message),
  });
  return { stop, errors, listeners, change: () => listeners.forEach((listener) => listener()) };
}

describe('the clock', () => {
  it('ticks at the start and after changes, many at once being one', async () => {
    let ticks = 0;
    const { stop, change } = setting(async () => void (ticks += 1));
    await sleep(10);
    expect(ticks).toBe(1);
    for (let at = 0; at < 100; at += 1) change();
    await sleep(10);
    expect(ticks).toBe(2);
    await stop();
  });

  it('goes on ticking while an earlier tick is under way, and after one that failed', async () => {
    let ticks = 0;
    const { promise: held, resolve: go } = Promise.withResolvers<void>();
    const { stop, change, errors } = setting(async () => {
      ticks += 1;
      if (ticks === 1) await held;
      if (ticks === 2) throw new Error('broken');
    });
    await sleep(10);
    change();
    await sleep(10);
    change();
    await sleep(10);
    expect(ticks).toBe(3);
    expect(errors).toEqual(['a tick failed']);
    go();
    await stop();
  });

  it('stops when nothing is under way any more, and listens no longer', async () => {
    const { promise: held, resolve: go } = Promise.withResolvers<void>();
    const { stop, listeners } = setting(() => held);
    await sleep(10);
    let isStopped = false;
    const stopping = stop().then(() => (isStopped = true));
    await sleep(10);
    expect(isStopped).toBe(false);
    go();
    await stopping;
    expect(listeners.size).toBe(0);
  });

  it('does not look once more after it has stopped, although it was just asked to', async () => {
    let ticks = 0;
    const { stop, change } = setting(() => {
      ticks += 1;
      return Promise.resolve();
    });
    await sleep(10);
    change();
    await stop();
    const before = ticks;
    await sleep(10);
    expect(ticks).toBe(before);
  });
});
