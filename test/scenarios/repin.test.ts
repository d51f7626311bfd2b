import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTree } from '../../local/trees.ts';
import { fail } from '../../src/errors.ts';
import type { Policy } from '../../src/policy.ts';
import type { RepinCommand } from '../../src/ports.ts';
import { runGit } from '../source/repository.ts';
import { people } from './people.ts';
import { reads } from './reading.ts';
import { scenarios, type World } from './world.ts';

const { alice } = people;
const on = scenarios();
const before = { 'docker/requirements.txt': 'a==1\nb==1\n', 'docker/other.txt': 'other\n' };

/** A world where build-decision's requirements are in a tree of their own, and pinned again by this. */
async function start(repin: RepinCommand) {
  const tree = await makeTree(join(on.outside.folder, `requirements-${Math.random()}`), before);
  const limits = { memory: 1, disk: 1, time: 1 };
  const command = { image: 'tools', command: ['pin', 'it'], workdir: '.', network: false, limits };
  const source = { git: tree.url, branch: 'main', files: 'auto' } as const;
  const world = await on.start({
    ports: () => ({ repin }),
    policy: (policy: Policy) => {
      const image = policy.images['build-decision'];
      if (!image) throw new Error('no such image');
      const images = {
        ...policy.images,
        'build-decision': { ...image, repin: { ...command, source } },
      };
      return { ...policy, images };
    },
  });
  return { world, tree };
}

/** What everybody sees in the channel, once there is something. */
function seen(world: World): Promise<string> {
  const said = () =>
    world.slack
      .messages()
      .filter(({ files }) => !files)
      .map(reads);
  return world.slack.until(() => said().join('\n') || undefined);
}

function lastTold(world: World, text: RegExp): Promise<string> {
  return world.slack.until(() => world.told(alice).find((one) => text.test(one)));
}

it('tells who asked at once, and posts the patch of what the command changed', async () => {
  const held = Promise.withResolvers<void>();
  const { world, tree } = await start(async (repin, { name, folder }) => {
    expect({ name, command: repin.command }).toEqual({
      name: 'build-decision',
      command: ['pin', 'it'],
    });
    await held.promise;
    await writeFile(join(folder, 'docker/requirements.txt'), 'a==2\nb==1\n');
  });
  await world.ask(alice, 'repin build-decision');
  await expect
    .poll(() => world.told(alice))
    .toEqual([expect.stringContaining('Re-pinning the requirements')]);
  expect(world.slack.messages()).toEqual([]);
  held.resolve();

  expect(await seen(world)).toContain('Patch for ');
  const [file] = world.slack.messages().flatMap(({ files = [] }) => files);
  expect(file?.name).toMatch(/^build-decision-requirements-[0-9a-f]{12}\.patch$/);
  const patch = world.slack.file(file?.id ?? '')?.bytes?.toString() ?? '';
  expect(patch).toContain('Subject: [PATCH] chore: update the requirements of build-decision');
  expect(patch).toContain(`Made on ${tree.revision}`);
  const landed = join(world.folder, 'repin.patch');
  await writeFile(landed, patch);
  await runGit(tree.folder, ['am', '--quiet', landed]);
  expect(await readFile(join(tree.folder, 'docker/requirements.txt'), 'utf8')).toBe('a==2\nb==1\n');
  expect(await readFile(join(tree.folder, 'docker/other.txt'), 'utf8')).toBe('other\n');
  expect(await world.kinds()).toEqual(['repin-asked', 'repinned']);
});

it('says that nothing changed, and what was added instead, to who asked alone', async () => {
  const { world } = await start((_, { folder }) => writeFile(join(folder, 'new.lock'), 'new\n'));
  await world.ask(alice, 'repin build-decision main');
  expect(await lastTold(world, /changed no file/)).toContain('It added or removed `new.lock`');
  expect(world.slack.messages()).toEqual([]);
});

it('says why the command failed, to who asked alone', async () => {
  const problem = 'it ended with exit code 3: <!channel> no such version';
  const { world } = await start(async () =>
    fail('repin-failed', { image: 'build-decision', problem }),
  );
  await world.ask(alice, 'repin build-decision');
  const told = await lastTold(world, /failed/);
  expect(told).toContain('exit code 3: &lt;!channel&gt; no such version');
  expect(told).toContain('Run it by hand');
  expect(world.slack.messages()).toEqual([]);
  expect(await world.reasons()).toEqual(['repin-failed']);
});

it('says that there is no such branch, and runs nothing', async () => {
  let ran = 0;
  const { world } = await start(async () => void (ran += 1));
  await world.ask(alice, 'repin build-decision no-such-branch');
  await lastTold(world, /The source tree .* cannot be read/);
  expect(ran).toBe(0);
});

it('refuses a reference that git would take for something else, and an image without a command', async () => {
  const { world } = await start(async () => undefined);
  await world.ask(alice, 'repin build-decision --upload-pack=evil');
  await lastTold(world, /is neither a branch nor a full commit/);
  await world.ask(alice, 'repin decision');
  await lastTold(world, /has no re-pin command for decision/);
  expect(await world.kinds()).not.toContain('repin-asked');
});

it('tells who asked, at the next start and once, where the bot was killed meanwhile', async () => {
  const held = Promise.withResolvers<void>();
  const { world } = await start(() => held.promise);
  await world.ask(alice, 'repin build-decision main');
  await expect.poll(() => world.kinds()).toEqual(['repin-asked']);
  await world.stop();
  await world.run();
  const told = await lastTold(world, /was stopped while it re-pinned/);
  expect(told).toContain('/promote-image repin build-decision main');
  await world.stop();
  await world.run();
  await world.ask(alice, 'help');
  await lastTold(world, /withdraw/);
  expect(world.told(alice).filter((text) => text.includes('was stopped'))).toHaveLength(1);
  expect(await world.kinds()).toEqual(['repin-asked', 'repin-failed']);
  held.resolve();
});
