import pLimit from 'p-limit';
import { expect, it } from 'vitest';
import { createShared } from '../../src/domain/sharing.ts';

/** Work that is over when it is told to be; the runs that were begun, in order. */
function setting(atOnce = 4) {
  const shared = createShared<number>(pLimit(atOnce));
  const runs: { readonly key: string; readonly end: (failure?: Error) => void }[] = [];
  const ask = (key: string) =>
    shared(key, () => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const number = runs.length + 1;
      runs.push({ key, end: (failure) => (failure ? reject(failure) : resolve(number)) });
      return promise;
    });
  const begun = (count: number) => expect.poll(() => runs.length).toBe(count);
  return { ask, runs, begun };
}

it('what many ask for at once is done once, and once more for all who came while it was done', async () => {
  const { ask, runs, begun } = setting();
  const first = Promise.all([ask('a'), ask('a'), ask('a')]);
  await begun(1);
  const second = Promise.all([ask('a'), ask('a')]);
  runs[0]?.end();
  expect(await first).toEqual([1, 1, 1]);
  await begun(2);
  runs[1]?.end();
  expect(await second).toEqual([2, 2]);
});

it('what was done is not kept: who asks later has it done anew', async () => {
  const { ask, runs, begun } = setting();
  const first = ask('a');
  await begun(1);
  runs[0]?.end();
  await first;
  const later = ask('a');
  await begun(2);
  runs[1]?.end();
  expect(await later).toBe(2);
});

it('different things are done beside each other, as many as are allowed', async () => {
  const { ask, runs, begun } = setting(2);
  const all = Promise.all(['a', 'b', 'c', 'a', 'b', 'c'].map(ask));
  await begun(2);
  expect(runs.map(({ key }) => key)).toEqual(['a', 'b']);
  runs[0]?.end();
  await begun(3);
  runs[1]?.end();
  runs[2]?.end();
  expect(await all).toEqual([1, 2, 3, 1, 2, 3]);
});

it('a failure is told to all who waited for it, and to nobody else', async () => {
  const { ask, runs, begun } = setting(1);
  const both = Promise.allSettled([ask('a'), ask('a')]);
  await begun(1);
  const next = ask('a');
  runs[0]?.end(new Error('gone'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await begun(2);
  runs[1]?.end();
  expect(await next).toBe(2);
});
