import { expect, it } from 'vitest';
import { reasons } from '../src/reasons.ts';
import { approval } from '../src/reasons/approval.ts';
import { publishing } from '../src/reasons/publishing.ts';
import { request } from '../src/reasons/request.ts';
import { service } from '../src/reasons/service.ts';
import { sources } from '../src/reasons/sources.ts';
import { trust } from '../src/reasons/trust.ts';

it('has each reason once, in one of its lists', () => {
  const lists = [request, trust, publishing, sources, approval, service];
  const names = lists.flatMap((list) => Object.keys(list));
  expect(names.toSorted()).toEqual(Object.keys(reasons).toSorted());
});
