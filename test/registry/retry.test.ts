import { describe, expect, it } from 'vitest';
import { refuse } from '../../src/domain/errors.ts';
import { Pace, Transient } from '../../src/registry/retry.ts';
import { defaultTiming, type Clock } from '../../src/registry/timing.ts';
import { reasonOf } from '../helpers/registry/reason.ts';

const trouble = refuse('registry-failed', { what: 'x', status: '503' });
const busy = refuse('registry-busy', { status: '429', seconds: '60' });
const { signal } = new AbortController();

/** A clock that is moved by whoever sleeps. */
function clock(): Clock & { slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    random: () => 1,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
}

describe('trying again', () => {
  it('waits longer each time, up to a limit, and not all at the same time', async () => {
    const time = clock();
    const pace = new Pace({ ...defaultTiming, attempts: 8 }, time);
    const failing = pace.persist(async () => Promise.reject(new Transient(trouble)), signal);
    expect(await reasonOf(failing)).toBe('registry-failed');
    expect(time.slept).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    const jittered = clock();
    jittered.random = () => 0;
    const half = new Pace({ ...defaultTiming, attempts: 3 }, jittered);
    await reasonOf(half.persist(async () => Promise.reject(new Transient(trouble)), signal));
    expect(jittered.slept).toEqual([250, 500]);
  });

  it('holds back every request while one was asked to slow down', async () => {
    const time = clock();
    const pace = new Pace(defaultTiming, time);
    let isBusy = true;
    await pace.persist(async () => {
      if (!isBusy) return;
      isBusy = false;
      // While this one is told to wait, another is about to start.
      queueMicrotask(() => void pace.persist(async () => started.push(time.now()), signal));
      throw new Transient(busy, { retryAfter: 7000, busy: true });
    }, signal);
    expect(started.every((at) => at >= 7000)).toBe(true);
    expect(time.slept).toContain(7000);
  });
  const started: number[] = [];

  it('has patience for what may be asked in all, not for a day', async () => {
    const time = clock();
    const pace = new Pace(defaultTiming, time);
    const day = new Transient(busy, { retryAfter: 86_400_000, busy: true });
    expect(await reasonOf(pace.persist(async () => Promise.reject(day), signal))).toBe(
      'registry-busy',
    );
    expect(time.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(defaultTiming.patience);
  });

  it('does not hammer a registry that asks for no wait at all', async () => {
    const pace = new Pace(defaultTiming, clock());
    let tries = 0;
    const failing = pace.persist(async () => {
      tries += 1;
      throw new Transient(busy, { retryAfter: 0, busy: true });
    }, signal);
    expect(await reasonOf(failing)).toBe('registry-busy');
    expect(tries).toBeLessThan(20);
  });

  it('ends at once when the errand is stopped', async () => {
    const stop = new AbortController();
    const time = { ...clock(), sleep: async () => stop.abort() };
    const pace = new Pace(defaultTiming, time);
    let tries = 0;
    const failing = pace.persist(async () => {
      tries += 1;
      throw new Transient(trouble);
    }, stop.signal);
    expect(await reasonOf(failing)).toBe('interrupted');
    expect(tries).toBeLessThanOrEqual(2);
  });
});
