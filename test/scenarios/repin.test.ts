import { chmod, readFile, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTree } from '../../local/trees.ts';
import { fail } from '../../src/domain/errors.ts';
import type { Repin } from '../../src/domain/image.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { RepinCommand } from '../../src/ports.ts';
import { runGit } from '../helpers/source/repository.ts';
import { commit } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob, nobody } = people;
const on = scenarios();
const before = { 'docker/requirements.txt': 'a==1\nb==1\n', 'docker/other.txt': 'other\n' };

/** A world where build-decision's requirements are in a tree of their own, and pinned again by this. */
async function start(repin: RepinCommand, change: Partial<Repin> = {}) {
  const tree = await makeTree(join(on.outside.folder, `requirements-${Math.random()}`), before);
  const limits = { processors: 2, processes: 256, memory: 1, disk: 1, time: 1 };
  const given = { image: 'tools', command: ['pin', 'it'], workdir: '.', network: false, limits };
  const command = { ...given, ...change };
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

function lastTold(world: World, text: RegExp, who: string = alice): Promise<string> {
  return world.slack.until(() => world.told(who).find((one) => text.test(one)));
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
  expect(await lastTold(world, /changed nothing of .* that belongs into a patch/)).toContain(
    'Not in the patch, though the command added, removed or changed it: `new.lock`',
  );
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
  await lastTold(
    world,
    /“no-such-branch” is neither main, the configured branch, nor a full commit/,
  );
  expect(ran).toBe(0);
});

it('refuses a reference that git would take for something else, and an image without a command', async () => {
  const { world } = await start(async () => undefined);
  await world.ask(alice, 'repin build-decision --upload-pack=evil');
  await lastTold(world, /is neither main, the configured branch, nor a full commit of it/);
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
  expect(told).toContain('`/promote-image repin build-decision`');
  await world.stop();
  await world.run();
  await world.ask(alice, 'help');
  await lastTold(world, /withdraw/);
  expect(world.told(alice).filter((text) => text.includes('was stopped'))).toHaveLength(1);
  expect(await world.kinds()).toEqual(['repin-asked', 'repin-failed']);
  held.resolve();
});

describe('a re-pin is for approvers, as they are at that moment:', () => {
  it.each([
    ['a guest', people.gus, /it is a guest/],
    ['somebody who is no approver', nobody, /not among the approvers/],
  ])('%s runs nothing', async (_, who, why) => {
    let ran = 0;
    const { world } = await start(async () => void (ran += 1));
    await world.ask(who, 'repin build-decision');
    await lastTold(world, why, who);
    expect(ran).toBe(0);
    expect(await world.kinds()).toEqual(['refused']);
  });

  it('whoever left the group just now runs nothing, nor anybody while Slack does not say', async () => {
    let ran = 0;
    const { world } = await start(async () => void (ran += 1));
    world.slack.fail({ method: 'usergroups.users.list', how: { error: 'fatal_error' } });
    await world.ask(bob, 'repin build-decision');
    await lastTold(world, /does not say who is in the approvers’ group/, bob);
    world.slack.changeGroup('S0APPROVE', { users: [alice] });
    await world.ask(bob, 'repin build-decision');
    await lastTold(world, /not among the approvers/, bob);
    expect(ran).toBe(0);
  });
});

describe('a re-pin takes only what the configured branch holds:', () => {
  /** Commits a file on something that is no branch of ours, and gives the commit. */
  async function elsewhere(folder: string, ref: string): Promise<string> {
    const blob = await runGit(folder, ['hash-object', '-w', '-t', 'blob', '/dev/null']);
    await runGit(folder, ['read-tree', 'HEAD']);
    await runGit(folder, ['update-index', '--add', '--cacheinfo', `100755,${blob.trim()},evil.sh`]);
    const tree = (await runGit(folder, ['write-tree'])).trim();
    const commit = await runGit(folder, ['commit-tree', tree, '-p', 'HEAD', '-m', 'Evil']);
    await runGit(folder, ['update-ref', ref, commit.trim()]);
    await runGit(folder, ['read-tree', 'HEAD']);
    return commit.trim();
  }

  it.each(['refs/pull/7/head', 'refs/heads/other', 'refs/tags/v1'])(
    'a commit that only %s holds runs nothing',
    async (ref) => {
      let ran = 0;
      const { world, tree } = await start(async () => void (ran += 1));
      const commit = await elsewhere(tree.folder, ref);
      await world.ask(alice, `repin build-decision ${commit}`);
      const told = await lastTold(world, /is no commit of main in .*a pull request/);
      expect(told).toContain(commit);
      expect(ran).toBe(0);
      expect(await world.reasons()).toEqual(['not-on-branch']);
      expect(world.slack.messages()).toEqual([]);
    },
  );

  it('an older commit of it is taken, and the patch says on which it was made', async () => {
    const { world, tree } = await start(({ command }, { folder }) =>
      writeFile(join(folder, 'docker/requirements.txt'), `${command.length}\n`),
    );
    await commit(tree, { 'docker/other.txt': 'another\n' });
    await world.ask(alice, `repin build-decision ${tree.revision}`);
    expect(await seen(world)).toContain(`at \`${tree.revision.slice(0, 12)}\``);
    const [event] = (await world.events()).filter(({ kind }) => kind === 'repinned');
    expect(event?.data).toMatchObject({
      revision: tree.revision,
      files: ['docker/requirements.txt'],
    });
  });
});

it('one re-pin runs at a time; who waits is told how long the queue is, and it has an end', async () => {
  const going: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const { world } = await start(async () => {
    most = Math.max(most, (running += 1));
    await new Promise<void>((resolve) => going.push(resolve));
    running -= 1;
  });
  for (let asked = 0; asked < 15; asked += 1) await world.ask(alice, 'repin build-decision');
  await world.slack.until(() => world.told(alice).length === 15);
  const told = world.told(alice).join('\n');
  expect(told).toContain('is number 2 in the queue');
  expect(told).toContain('is number 6 in the queue');
  expect(told.match(/5 re-pins wait already/g)).toHaveLength(9);
  for (let ended = 0; ended < 6; ended += 1) {
    await expect.poll(() => going.length, { timeout: 10_000 }).toBe(ended + 1);
    going[ended]?.();
  }
  await expect
    .poll(async () => (await world.kinds()).filter((kind) => kind === 'repinned').length)
    .toBe(6);
  expect(most).toBe(1);
});

it('a re-pin waits while another replica’s runs', async () => {
  let ran = 0;
  const { world } = await start(async () => void (ran += 1));
  const others = Promise.withResolvers<void>();
  const held = world.store.hold('repin-turn', () => others.promise);
  await world.ask(alice, 'repin build-decision');
  await expect.poll(() => world.kinds()).toEqual(['repin-asked']);
  await world.rest();
  expect(ran).toBe(0);
  others.resolve();
  await held;
  await expect.poll(() => world.kinds(), { timeout: 10_000 }).toContain('repinned');
  expect(ran).toBe(1);
});

it('the patch holds allowed paths only; what else the command did is named', async () => {
  const { world } = await start(
    async (_, { folder }) => {
      await writeFile(join(folder, 'docker/requirements.txt'), 'a==2\n');
      await writeFile(join(folder, 'docker/other.txt'), 'evil\n');
      await writeFile(join(folder, 'docker/more.sh'), 'evil\n');
    },
    { paths: ['docker/req*.txt'] },
  );
  await world.ask(alice, 'repin build-decision');
  const said = await seen(world);
  expect(said).toMatch(/Not in the patch.*`docker\/other\.txt`, `docker\/more\.sh`/);
  const [file] = world.slack.messages().flatMap(({ files = [] }) => files);
  const patch = world.slack.file(file?.id ?? '')?.bytes?.toString() ?? '';
  expect(patch).toContain('+a==2');
  expect(patch).not.toContain('evil');
});

it('a link or another mode is no change for a patch', async () => {
  const { world } = await start(async (_, { folder }) => {
    await chmod(join(folder, 'docker/requirements.txt'), 0o755);
    await unlink(join(folder, 'docker/other.txt'));
    await symlink('/etc/passwd', join(folder, 'docker/other.txt'));
  });
  await world.ask(alice, 'repin build-decision');
  const told = await lastTold(world, /changed nothing of/);
  expect(told).toContain('`docker/other.txt`, `docker/requirements.txt`');
});
