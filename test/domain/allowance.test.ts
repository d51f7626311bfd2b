import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isWhole, takeOne, type Allowance, type Left } from '../../src/domain/allowance.ts';

const three: Allowance = { count: 3, within: 60_000 };

/** Asks at these moments; gives for each whether it was granted, or how long to wait. */
function ask(times: readonly number[], allowance = three): readonly (true | number)[] {
  let left: Left | undefined;
  return times.map((now) => {
    const taken = takeOne(left, allowance, now);
    if (taken.outcome === 'none') return taken.wait;
    left = taken.left;
    return true;
  });
}

it('there is as much at once as the allowance says, and then one after the other', () => {
  expect(ask([0, 0, 0, 0, 5000])).toEqual([true, true, true, 20_000, 15_000]);
  expect(ask([0, 0, 0, 20_000, 20_000])).toEqual([true, true, true, true, 20_000]);
  expect(ask([0, 0, 0, 60_000, 60_000, 60_000])).toEqual([true, true, true, true, true, true]);
});

it('nobody saves up more than the allowance', () => {
  expect(ask([0, 1e9, 1e9, 1e9, 1e9])).toEqual([true, true, true, true, 20_000]);
});

it('a clock that is put back gives nothing and takes nothing', () => {
  expect(ask([1e6, 1e6, 1e6, 0])).toEqual([true, true, true, 20_000]);
});

it('who took nothing for the whole time has everything again', () => {
  expect(isWhole({ credit: 0, at: 0 }, three, 59_999)).toBe(false);
  expect(isWhole({ credit: 0, at: 0 }, three, 60_000)).toBe(true);
});

it('however it is asked, at most twice the allowance is granted within its time, and waiting as told helps', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(gaps, (list) => {
      let at = 0;
      const times = list.map((gap) => (at += gap));
      const granted = ask(times).flatMap((answer, index) =>
        answer === true ? [times[index] ?? 0] : [],
      );
      for (const begin of granted) {
        const within = granted.filter((time) => time >= begin && time < begin + three.within);
        expect(within.length).toBeLessThanOrEqual(2 * three.count);
      }
      const last = ask([...times, at]).at(-1);
      if (typeof last === 'number') expect(ask([...times, at + last]).at(-1)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
