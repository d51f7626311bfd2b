import { expect, it } from 'vitest';
import { BackPressure } from '../../src/packing/back-pressure.ts';

const mebibyte = 1024 * 1024;

/** Hands over this many times 16 MiB, each taking a second, of which a share was spent waiting for room. */
function hand(
  pressure: BackPressure,
  clock: { now: number },
  { times, share }: { times: number; share: number },
) {
  for (let n = 0; n < times * 16; n += 1) {
    clock.now += 1000 / 16;
    pressure.handed(mebibyte, (1000 / 16) * share);
  }
  return pressure.level;
}

it('compresses harder step by step while there is no room for what is made, and less again when there is', () => {
  const clock = { now: 0 };
  const pressure = new BackPressure(() => clock.now);
  expect(pressure.level).toBe(1);
  expect(hand(pressure, clock, { times: 1, share: 0.8 })).toBe(2);
  expect(hand(pressure, clock, { times: 9, share: 0.8 })).toBe(6);
  expect(hand(pressure, clock, { times: 5, share: 0.15 })).toBe(6);
  expect(hand(pressure, clock, { times: 2, share: 0 })).toBe(4);
  expect(hand(pressure, clock, { times: 9, share: 0 })).toBe(1);
});

it('does not change for what a moment brings', () => {
  const pressure = new BackPressure(() => 0);
  pressure.handed(15 * mebibyte, 10_000);
  expect(pressure.level).toBe(1);
});
