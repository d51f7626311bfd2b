import { expect, it } from 'vitest';
import { checkBlocks } from '../../local/slack/block-check.ts';
import { card } from '../../src/words/card.ts';
import { details } from '../../src/words/details.ts';
import { treeName } from '../../src/domain/image.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { asked, pending } from '../../local/rig/promotions.ts';

const facts = { rootUrl: 'https://tc.example.org', required: 1 };
const waiting = pending(asked('a1'));

function shown(changes: Partial<Plan>): string {
  return JSON.stringify(card({ ...waiting, plan: { ...waiting.plan, ...changes } }, facts));
}

const pin = (source: string) => ({ source, path: '.ci.yml', line: 1, from: 'example/thing:1' });
const central = pin('https://hg.example.org/mozilla-central');

it('names the tree of each pin where there are several trees', () => {
  const several = shown({ pins: [central, pin('https://hg.example.org/comm-central/')] });
  expect(several).toContain('`.ci.yml:1` in mozilla-central now');
  expect(several).toContain('`.ci.yml:1` in comm-central now');
  expect(shown({ pins: [central] })).toContain('`.ci.yml:1` now');
});

it('has no pin that nobody can read: those that the card has no room for are in the details, whole', () => {
  const from = `mozillareleases/thing:${'ab'.repeat(20)}@sha256:${'cd'.repeat(32)}`;
  const pins = Array.from({ length: 300 }, (_, at) => ({ ...central, path: `a/${at}.yml`, from }));
  expect(shown({ pins })).toMatch(/… and \d+ more: see Details/);
  const plan = { ...waiting.plan, pins };
  const blocks = details({ ...waiting, plan }, facts);
  const text = JSON.stringify(blocks);
  for (const { path } of pins) expect(text).toContain(`${path}:1`);
  expect(text.split(from)).toHaveLength(301);
  expect(blocks.length).toBeLessThanOrEqual(100);
  checkBlocks(JSON.parse(text), 'modal');
});

it.each([
  ['https://github.com/mozilla-releng/fxci-config', 'fxci-config'],
  ['https://github.com/mozilla-releng/fxci-config.git/', 'fxci-config'],
  ['file:///srv/taskgraph/.git', 'taskgraph'],
  ['git@example.org:taskgraph.git', 'taskgraph'],
  ['file:///srv/a b;c', 'a-b-c'],
])('knows %s as %s', (url, name) => {
  expect(treeName(url)).toBe(name);
});
