import { expect, it } from 'vitest';
import { makeTree } from '../../local/trees.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { commit } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios();

const old = `mozillareleases/build-decision:${'ab'.repeat(20)}@sha256:${'cd'.repeat(32)}`;
const other = `mozillareleases/build-decision:${'ef'.repeat(20)}@sha256:${'01'.repeat(32)}`;

function pinnedIn(git: string): (policy: Policy) => Policy {
  return (policy) => {
    const image = policy.images['build-decision'];
    if (!image) throw new Error('no such image');
    const pins = [{ git, branch: 'main', files: 'auto' } as const];
    return { ...policy, images: { 'build-decision': { ...image, pins } } };
  };
}

it('a pin that appears during the push is named and left alone; the patch has what the approver saw', async () => {
  const tree = await makeTree(`${on.outside.folder}/appearing`, {
    'seen.yml': `image: ${old}\n`,
    'gone.yml': `image: ${old}\n`,
    'odd\\path.yml': `image: ${old}\n`,
  });
  const { revision } = await on.outside.build('build-decision');
  const world = await on.start({
    policy: pinnedIn(tree.url),
    ports: (real) => ({
      engine: async (push) => {
        await commit(tree, {
          'seen.yml': `image: ${old}\nanother: ${other}\n`,
          'gone.yml': 'image: something/else:1\n',
          'new.yml': `image: ${old}\n`,
        });
        return real.engine(push);
      },
    }),
  });
  await world.propose(alice, `build-decision ${revision}`);
  expect(JSON.stringify(world.card())).toContain('no patch can name that path');
  await world.click(bob, 'approve');
  await world.until('reported');
  const [patch = ''] = Object.values(world.files());
  expect([...patch.matchAll(/^diff --git a\/(\S+)/gm)].map(([, path]) => path)).toEqual([
    'seen.yml',
  ]);
  expect(patch).toContain(`-image: ${old}`);
  expect(patch).not.toContain(`-another: ${other}`);
  const thread = world.thread().join('\n');
  expect(thread).toMatch(/appeared: `new\.yml` says `mozillareleases\/build-decision:abab/);
  expect(thread).toMatch(/appeared: `seen\.yml` says `mozillareleases\/build-decision:efef/);
  expect(thread).toMatch(/gone: `gone\.yml` says/);
});
