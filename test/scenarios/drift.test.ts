import { beforeEach, expect, it } from 'vitest';
import type { Message } from '../../local/slack/things.ts';
import { makeTree } from '../../local/trees.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { commit } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { buttons, reads } from '../helpers/scenarios/reading.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios();
const images = ['image_builder', 'decision', 'gecko_decision', 'build-decision'];

/** What is said of each image, and the button below it. */
async function check(world: World, text = 'check'): Promise<Message> {
  const before = world.slack.ephemerals(alice).length;
  await world.ask(alice, text);
  return world.slack.until(() => world.slack.ephemerals(alice)[before], 30_000);
}

function landing(world: World, files: readonly string[]): Promise<string> {
  const patch = Object.values(world.files()).join('\n');
  const [, pin = ''] = /^\+ *image: (\S+)$/m.exec(patch) ?? [];
  const texts = files.map((name) => [name, `task:\n  payload:\n    image: ${pin}\n`]);
  return commit(on.outside.trees.fxciConfig, Object.fromEntries(texts));
}

beforeEach(() => {
  on.outside.taskcluster.index.clear();
});

it('shows the pins of every image even where nothing has been built', async () => {
  const world = await on.start();
  const text = reads(await check(world));
  // Releases publish the generic decision image: its pins are compared with them, build or no build.
  for (const name of images.filter((one) => one !== 'decision')) {
    expect(text).toContain(`${name}: no trusted build to compare with`);
  }
  expect(text).toContain('decision: up to date');
  expect(text.match(/:white_check_mark: newest `\.taskcluster\.yml:\d+`/g)).toHaveLength(2);
  expect(text.match(/:grey_question:/g)).toHaveLength(7);
  expect(text).not.toMatch(/behind/);
  expect(await world.kinds()).toEqual(['checked']);
});

it('goes from a build that is not published over pins that are behind to what is up to date', async () => {
  const world = await on.start();
  const long = new Date(Date.now() - 61 * 24 * 60 * 60 * 1000);
  const pinned = 'ed88efef5c4b4dca87066d03ae0a90e18fbe23cd';
  await on.outside.build('build-decision', { revision: pinned, created: long });
  const { taskId, revision } = await on.outside.build('build-decision');

  const unpublished = await check(world, 'check build-decision');
  expect(reads(unpublished)).toContain('build-decision: the newest build is not published');
  expect(reads(unpublished)).toContain(`\`${taskId}\` of \`${revision.slice(0, 12)}\``);
  expect(reads(unpublished).match(/behind by 61 days `\S+-template\.yml:\d+`/g)).toHaveLength(3);
  expect(buttons(unpublished)).toEqual(['promote']);

  await world.slack.as(alice).click(unpublished.ts, 'promote');
  expect(await world.until('pending')).toMatchObject({
    requester: alice,
    plan: { build: { taskId } },
  });
  await world.click(bob, 'approve');
  await world.until('reported');

  const behind = await check(world, 'check build-decision');
  expect(reads(behind)).toContain('build-decision: 3 of 3 pins are behind');
  expect(reads(behind)).toContain(`*Newest published tag* \`${revision}\``);
  expect(JSON.stringify(behind.blocks)).toContain('Make the patch');
  await world.slack.as(alice).click(behind.ts, 'promote');
  await world.until('unneeded');
  expect(Object.keys(world.files())).toEqual([expect.stringMatching(/fxci-config\.patch$/)]);

  await landing(world, ['hg-push-template.yml', 'git-push-template.yml']);
  const almost = await check(world, 'check build-decision');
  expect(reads(almost)).toContain('build-decision: 1 of 3 pins is behind');
  expect(reads(almost).match(/:white_check_mark: newest `\S+-push-template/g)).toHaveLength(2);

  await landing(world, ['cron-task-template.yml']);
  const done = await check(world, 'check build-decision');
  expect(reads(done)).toContain('build-decision: up to date');
  expect(buttons(done)).toEqual([]);
});

it('counts the versions that a pin is behind', async () => {
  const world = await on.start();
  await on.outside.occupy('mozillareleases/image_builder', '6.1.5');
  await on.outside.occupy('mozillareleases/image_builder', '6.3.0');
  await on.outside.build('image_builder', { revision: on.outside.trees.gecko.revision });
  const text = reads(await check(world, 'check image_builder'));
  expect(text).toMatch(/behind by 2 versions `src\/taskgraph\/transforms\/docker_image\.py:4`/);
  expect(text).toContain('*Newest published tag* `6.3.0`');
});

it('says what cannot be seen, and hides nothing else', async () => {
  const nowhere = 'http://127.0.0.1:1';
  const good = await makeTree(`${on.outside.folder}/good`, {
    'a.yml': `image: mozillareleases/build-decision:${'ab'.repeat(20)}@sha256:${'cd'.repeat(32)}\n`,
  });
  const withPins = (policy: Policy): Policy => {
    const image = policy.images['build-decision'];
    if (!image) throw new Error('no such image');
    const source = { branch: 'main', files: 'auto' } as const;
    const pins = [
      { ...source, git: `${good.url}-not` },
      { ...source, git: good.url },
    ];
    return { ...policy, images: { 'build-decision': { ...image, pins } } };
  };
  const { taskId } = await on.outside.build('build-decision');

  const treeDown = await on.start({ policy: withPins });
  const first = reads(await check(treeDown));
  expect(first).toMatch(/The source tree \S+good-not cannot be read/);
  expect(first).toContain(taskId);
  expect(first).toContain('behind `a.yml:1`');

  const registryDown = await on.start({
    policy: (policy) => {
      const { registry, ...rest } = withPins(policy);
      return { ...rest, registry: { ...registry, url: nowhere } };
    },
  });
  const second = await check(registryDown);
  expect(reads(second)).toContain('the registry does not show what is published');
  expect(reads(second).match(/the connection was refused/g)).toHaveLength(2);
  expect(reads(second)).toContain(taskId);
  expect(reads(second)).toContain(':grey_question: `a.yml:1`');
  expect(buttons(second)).toEqual([]);
});
