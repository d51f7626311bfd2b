import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isRetryable, refuse } from '../../src/domain/errors.ts';
import { reasons } from '../../src/domain/reasons.ts';
import { approval } from '../../src/domain/reasons/approval.ts';
import { artifact } from '../../src/domain/reasons/artifact.ts';
import { publishing } from '../../src/domain/reasons/publishing.ts';
import { request } from '../../src/domain/reasons/request.ts';
import type { Sentences } from '../../src/domain/reasons/sentences.ts';
import { service } from '../../src/domain/reasons/service.ts';
import { sources } from '../../src/domain/reasons/sources.ts';
import { trust } from '../../src/domain/reasons/trust.ts';

const lists = [request, trust, artifact, publishing, sources, approval, service];
const entries = Object.entries(reasons as Sentences);

it('has each reason once, in one of its lists', () => {
  const names = lists.flatMap((list) => Object.keys(list));
  expect(names.toSorted()).toEqual(Object.keys(reasons).toSorted());
});

it('has no reason that nothing is ever refused for', async () => {
  const files = await readdir('src', { recursive: true });
  const others = files.filter((file) => file.endsWith('.ts') && !/\breasons\//.test(file));
  const code = (
    await Promise.all(others.map((file) => readFile(join('src', file), 'utf8')))
  ).join();
  const unused = Object.keys(reasons).filter((reason) => !code.includes(`'${reason}'`));
  expect(unused).toEqual([]);
});

it('tells nobody to press Retry where a retry is refused', () => {
  const wrong = entries.filter(([, { next, retry }]) => /\bRetry\b/.test(next) && !retry);
  expect(wrong.map(([reason]) => reason)).toEqual([]);
});

it('lets nothing be tried again that is not to be promoted', () => {
  const wrong = entries.filter(([, { next, retry }]) => /Do not (promote|pin)/.test(next) && retry);
  expect(wrong.map(([reason]) => reason)).toEqual([]);
});

it.each([
  refuse('read-back-digest', { target: 'a:1', got: 'x', want: 'y' }),
  refuse('read-back-config', { target: 'a:1', got: 'x', want: 'y' }),
  refuse('docker-image', { got: 'x', want: 'y' }),
  refuse('artifact-hash', { artifact: 'a', task: 't' }),
])('is final where it is not the approved image: $reason', (refusal) => {
  expect(isRetryable(refusal)).toBe(false);
});

it('may be tried again where the registry was merely away', () => {
  expect(
    isRetryable(refuse('registry-unreachable', { what: 'a:1', problem: 'it does not answer' })),
  ).toBe(true);
});
