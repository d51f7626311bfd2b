import { describe, expect, it } from 'vitest';
import { makeTree } from '../../local/trees.ts';
import { someRevision } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { scenarios } from '../helpers/scenarios/world.ts';
import type { PublishedBuild } from '../../local/builds.ts';

const { alice, bob } = people;
const on = scenarios();

it('promotes after a second person’s approval: digest and patch are in the thread, the log tells the story', async () => {
  const world = await on.start({ sops: true });
  const { revision, taskId } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision} bug 1861626 because the hooks need it`);
  expect(world.cardText()).toContain('Waiting for a second person');
  expect(world.cardText()).toContain('for bug 1861626 because the hooks need it');
  expect(world.cardText()).toContain(taskId);
  expect(world.cardButtons()).toEqual(['approve', 'reject', 'withdraw', 'details']);
  expect(world.writes()).toEqual([]);

  await world.click(bob, 'approve');
  const done = await world.until('reported');
  if (done.state !== 'reported') throw new Error('not reported');
  const reference = `mozillareleases/build-decision:${revision}@${done.pushed.digest}`;
  const stored = on.outside.registry.store.repository('mozillareleases/build-decision');
  expect(stored.tags.get(revision)).toBe(done.pushed.digest);
  const thread = world.thread();
  expect(thread.filter((text) => text.includes('*Published*'))).toHaveLength(1);
  expect(thread.find((text) => text.includes('*Published*'))).toContain(reference);
  expect(world.cardText()).toContain('*Published*, approved by <@U0BOB0001>');
  expect(world.cardButtons()).toEqual(['details']);

  const [[name, patch] = []] = Object.entries(world.files());
  expect(name).toBe(`build-decision-${revision.slice(0, 12)}-fxci-config.patch`);
  expect(patch).toContain(
    'Subject: [PATCH] Bug 1861626 - update build-decision image in templates',
  );
  expect(patch?.match(/^\+ .*image: .*$/gm)).toEqual(
    Array.from({ length: 3 }, () => `+    image: ${reference}`),
  );
  expect(await world.kinds()).toEqual([
    'asked',
    'build-proven',
    'planned',
    'approved',
    'pushing',
    'decrypting',
    'tagging',
    'promoted',
    'reported',
  ]);
  const said = (await world.events()).map(({ actor }) => actor);
  expect(said).toEqual([alice, 'bot', 'bot', bob, 'bot', 'bot', 'bot', 'bot', 'bot']);
});

describe('finds the build', () => {
  const treeherder = 'https://treeherder.mozilla.org/jobs?repo=fxci-config';
  const github = 'https://github.com/mozilla-releng/fxci-config';
  const ways: Readonly<Record<string, (build: PublishedBuild, rootUrl: string) => string>> = {
    'by its commit': ({ revision }) => revision,
    'by a commit in capitals': ({ revision }) => revision.toUpperCase(),
    'by its task id': ({ taskId }) => taskId,
    'by latest': () => 'latest',
    'by a link to the task': ({ taskId }, root) => `${root}/tasks/${taskId}`,
    'by a link to a run of the task': ({ taskId }, root) => `${root}/tasks/${taskId}/runs/0/logs`,
    'by a link that Slack has dressed': ({ taskId }, root) => `<${root}/tasks/${taskId}|the task>`,
    'by a link to the commit': ({ revision }) => `${github}/commit/${revision}`,
    'by a link to the push': ({ revision }) => `${treeherder}&revision=${revision}`,
    'by a link to the push, escaped as Slack does': ({ revision }) =>
      `${treeherder}&amp;revision=${revision}`,
    'by a link to the task in the push': ({ taskId, revision }) =>
      `${treeherder}&revision=${revision}&selectedTaskRun=${taskId}.0`,
  };
  it.each(Object.entries(ways))('%s', async (_, word) => {
    const world = await on.start();
    const build = await on.outside.build('build-decision');
    const line = `build-decision ${word(build, on.outside.taskcluster.rootUrl)}`;
    const pending = await world.propose(alice, line);
    expect(pending).toMatchObject({
      plan: { build: { taskId: build.taskId }, target: { tag: build.revision } },
    });
    await world.click(alice, 'withdraw');
    await world.until('withdrawn');
  });
});

it('promotes from the form, whose fields are those of the line', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  await world.ask(alice, '');
  const form = await world.slack.until(() => world.slack.views(alice)[0]);
  const person = world.slack.as(alice);
  const wrong = await person.submit(form, { image: 'build-decision', build: 'tomorrow' });
  expect(wrong.problems).toEqual({ build: expect.stringContaining('is not a build') });
  await person.submit(form, { image: 'build-decision', build: revision, because: 'of the form' });
  await world.until('pending');
  expect(world.cardText()).toContain('because of the form');
  await world.click(bob, 'approve');
  await world.until('reported');
});

it('warns where the commit asked for is not the commit built, and tags with the one built', async () => {
  const world = await on.start();
  const built = await on.outside.build('build-decision');
  const asked = await on.outside.build('build-decision', { cachedAs: built.taskId });
  await world.propose(alice, `build-decision ${asked.revision}`);
  expect(world.cardText()).toContain(
    `The commit asked for (\`${asked.revision.slice(0, 12)}\`) did not build this image: the task was cached. It was built from \`${built.revision.slice(0, 12)}\``,
  );
  await world.click(bob, 'approve');
  expect(await world.until('reported')).toMatchObject({
    plan: { target: { tag: built.revision } },
  });
});

it('has nothing to promote where the tag holds this very image: gives digest and patch, pushes nothing', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await world.click(bob, 'approve');
  const first = await world.until('reported');
  const writes = world.writes().length;
  await world.ask(alice, `build-decision ${revision}`);
  const second = await world.until('unneeded');
  if (first.state !== 'reported' || second.state !== 'unneeded') throw new Error('other states');
  expect(second.digest).toBe(first.pushed.digest);
  expect(world.writes()).toHaveLength(writes);
  expect(world.cardButtons()).toEqual(['details']);
  const thread = world.thread().join('\n');
  expect(thread).toContain('there is nothing to promote');
  expect(thread).toContain(`:${revision}@${first.pushed.digest}`);
  expect(Object.values(world.files())).toEqual([expect.stringContaining(first.pushed.digest)]);
});

it('never overwrites a tag that holds another image', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  const other = await on.outside.occupy('mozillareleases/build-decision', revision);
  const writes = world.writes().length;
  await world.ask(alice, `build-decision ${revision}`);
  await world.until('refused');
  expect(world.thread()).toHaveLength(1);
  expect(world.thread()[0]).toMatch(
    new RegExp(`already holds another image \\(${other}\\).*never overwritten.*Give another tag`),
  );
  expect(world.cardText()).toContain('*Refused*');
  expect(world.cardButtons()).toEqual([]);
  expect(world.writes()).toHaveLength(writes);

  // The next move that was given works.
  await world.propose(alice, `build-decision ${revision} tag ${revision}-2`);
  expect(world.cardText()).toContain('The tag was given by hand');
  await world.click(bob, 'approve');
  await world.until('reported');
});

it('names the pins that it does not understand, before and after', async () => {
  const odd = 'image: mozillareleases/build-decision:made-by-hand\n';
  const tree = await makeTree(`${on.outside.folder}/odd`, { 'odd.yml': odd });
  const world = await on.start({
    policy: (policy) => {
      const image = policy.images['build-decision'];
      if (!image) throw new Error('no such image');
      const pins = [{ git: tree.url, branch: 'main', files: 'auto' as const }];
      return { ...policy, images: { ...policy.images, 'build-decision': { ...image, pins } } };
    },
  });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  expect(world.cardText()).toContain('`odd.yml:1` names the image in a form');
  await world.click(bob, 'approve');
  await world.until('reported');
  expect(world.thread().at(-1)).toMatch(/update it by hand\.\n• `odd\.yml:1`/);
  expect(world.files()).toEqual({});
});

it('says that VERSION was not bumped', async () => {
  const world = await on.start();
  const files = { 'taskcluster/docker/decision/VERSION': '5.1.0\n' };
  const revision = on.outside.hg.commit('gecko', files);
  await on.outside.build('gecko_decision', { revision, mercurial: '6.8.1' });
  await world.ask(alice, 'gecko_decision latest');
  await world.until('refused');
  expect(world.thread()).toEqual([
    expect.stringMatching(/VERSION was not bumped for this build\. Bump .*VERSION, land it/),
  ]);
  expect(world.writes()).toEqual([]);
});

it.each([
  ['build-decision', (revision: string) => revision, undefined],
  ['decision', (_: string, hash: string) => `decision-${hash}`, '6.8.1'],
  ['gecko_decision', () => '5.2.0', '6.8.1'],
  ['image_builder', () => '6.2.0', undefined],
] as const)('promotes %s with the tag that its rule gives', async (name, tagOf, mercurial) => {
  const world = await on.start();
  const isGecko = name === 'gecko_decision' || name === 'image_builder';
  const revision = isGecko ? on.outside.trees.gecko.revision : someRevision();
  const build = await on.outside.build(name, { revision, ...(mercurial ? { mercurial } : {}) });
  await world.propose(alice, `${name} ${build.revision}`);
  const asked = world.cardText();
  await world.click(bob, 'approve');
  const done = await world.until('reported');
  if (done.state !== 'reported') throw new Error('not reported');
  const { target } = done.plan;
  expect(target.tag).toBe(tagOf(build.revision, build.indexHash));
  expect(on.outside.registry.store.repository(target.name).tags.get(target.tag)).toBe(
    done.pushed.digest,
  );
  const [patch = ''] = Object.values(world.files());
  expect(patch).toContain(done.pushed.digest.replace('sha256:', ''));
  const isMercurialNew = name === 'gecko_decision';
  expect(asked.includes('Mercurial changes from 6.4.3 to 6.8.1')).toBe(isMercurialNew);
  expect(/^\+.*-checkouts-sparse-v5/m.test(patch)).toBe(isMercurialNew);
});

it('shows every proven fact in the details, and the whole plan hash', async () => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  const pending = await world.propose(alice, `build-decision ${revision}`);
  if (pending.state !== 'pending') throw new Error('not pending');
  await world.click(bob, 'details');
  const view = await world.slack.until(() => world.slack.views(bob)[0]);
  const text = reads({ ...world.card(), blocks: view.blocks });
  const { plan, planHash } = pending;
  for (const fact of [planHash, plan.contents.imageId, plan.artifact.sha256, plan.build.signedBy]) {
    expect(text).toContain(fact);
  }
  for (const { says } of plan.build.checks) expect(text).toContain(says);
  await world.click(bob, 'reject');
  const why = await world.slack.until(() => world.slack.views(bob).find((one) => one.submit));
  await world.slack.as(bob).submit(why, { why: 'not today' });
  await world.until('rejected');
});
