import { expect, it } from 'vitest';
import { recent } from '../../src/service/recent.ts';

it('asks once for all who ask at once, and for two seconds after the answer', async () => {
  let [asked, at] = [0, 0];
  const under = Promise.withResolvers<void>();
  const ask = recent(
    async () => {
      asked += 1;
      await under.promise;
      return asked;
    },
    { ms: 2000, now: () => at },
  );
  const first = [ask(), ask()];
  at = 60_000;
  first.push(ask());
  under.resolve();
  expect(await Promise.all(first)).toEqual([1, 1, 1]);
  at += 1999;
  expect(await ask()).toBe(1);
  at += 1;
  expect(await ask()).toBe(2);
});

it('gives a failure to all who ask, and asks again after it', async () => {
  let [asked, at] = [0, 0];
  const ask = recent(
    () => {
      asked += 1;
      return Promise.reject(new Error(`no ${asked}`));
    },
    { ms: 2000, now: () => at },
  );
  await expect(ask()).rejects.toThrow('no 1');
  await expect(ask()).rejects.toThrow('no 1');
  at = 2000;
  await expect(ask()).rejects.toThrow('no 2');
});
