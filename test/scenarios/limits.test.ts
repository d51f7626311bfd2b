import { execa } from 'execa';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Policy } from '../../src/domain/policy.ts';
import { createTrees } from '../../src/source/trees.ts';
import { createBuilds } from '../../src/taskcluster/builds.ts';
import { startDribble } from '../helpers/taskcluster/dribble.ts';
import { people } from '../../local/rig/people.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });
/** For a machine that is busy. */
const patient = { timeout: 15_000 };

function limits(changed: Partial<Policy['limits']>): (policy: Policy) => Policy {
  return (policy) => ({ ...policy, limits: { ...policy.limits, ...changed } });
}

/** How often an image’s bytes were asked for since this was called. */
function downloads(): () => number {
  const { requests } = on.outside.taskcluster;
  const before = requests.length;
  return () =>
    requests.slice(before).filter(({ at, path }) => at === 'storage' && /image\.tar/.test(path))
      .length;
}

async function withdrawAll(world: World): Promise<void> {
  for (const { id } of await world.store.list({ states: ['asked'], limit: 100 })) {
    await world.ask(alice, `withdraw ${id}`);
  }
}

it('24 requests that were withdrawn are not streamed: those that wait not at all, those under way not to their end', async () => {
  const world = await on.start({ policy: limits({ requestsOfOne: 50 }) });
  const opened = downloads();
  const { revision } = await on.outside.build('build-decision');
  const slow = { at: 'storage', path: 'image.tar', fault: 'stall', after: 200, times: 3 } as const;
  on.outside.taskcluster.faults.push({ ...slow });
  await Promise.all(
    Array.from({ length: 24 }, () => world.ask(alice, `build-decision ${revision}`)),
  );
  await expect.poll(opened, patient).toBe(3);

  await withdrawAll(world);
  expect(await world.store.count(['withdrawn'])).toEqual(new Map([['withdrawn', 24]]));
  // The servers that stall would hold every place among those that are planned.
  await world.propose(bob, `build-decision ${revision}`);
  expect(opened()).toBe(4);
});

it('24 times asked and withdrawn is more than one person may: told when to try again, noted once; others go on', async () => {
  const world = await on.start({ policy: limits({ asksOfOne: 6 }) });
  world.hold();
  const minutes = 60_000;
  for (let n = 0; n < 24; n += 1) {
    await world.ask(alice, `build-decision ${String(n).padStart(40, 'e')}`);
    await withdrawAll(world);
  }
  const tooOften = () => world.told(alice).filter((text) => text.includes('one person may ask'));
  await expect.poll(tooOften, patient).toHaveLength(18);
  expect(tooOften()[0]).toMatch(
    /Within 10 min one person may ask 6 times, and you have\. Try again in \d+ s\./,
  );
  expect(await world.store.count(['withdrawn'])).toEqual(new Map([['withdrawn', 6]]));
  expect((await world.reasons()).filter((reason) => reason === 'too-often')).toHaveLength(1);
  expect(world.log.filter((line) => line.includes('more often than one may'))).toHaveLength(1);

  // Every verb that costs is counted together, and looking is not kept from anybody.
  await world.ask(alice, 'check build-decision');
  await world.ask(alice, 'repin build-decision');
  await expect.poll(tooOften, patient).toHaveLength(20);
  await world.ask(alice, 'status');
  await expect.poll(() => world.told(alice).at(-1), patient).toContain('Under way');

  await world.ask(bob, `build-decision ${'e'.repeat(40)}`);
  expect(await world.store.count(['asked'])).toEqual(new Map([['asked', 1]]));
  await world.later(10 * minutes);
  await world.ask(alice, `build-decision ${'d'.repeat(40)}`);
  expect(await world.store.count(['asked'])).toEqual(new Map([['asked', 2]]));
  await world.release();
});

it('looking is counted as well, also of those who may do nothing here', async () => {
  const world = await on.start({ policy: limits({ asksOfOne: 1 }) });
  for (let n = 0; n < 14; n += 1) await world.ask(alice, 'an unknown line of words');
  await expect.poll(() => world.told(alice), patient).toHaveLength(14);
  const reasons = await world.reasons();
  expect(reasons.filter((reason) => reason === 'too-often')).toHaveLength(1);
  expect(reasons).toHaveLength(11);
});

it('a push whose download dribbles is given up after a minute: the next push goes on, and so does a retry', async () => {
  await using server = await startDribble();
  const world = await on.start({
    ports: () => {
      const { taskcluster, limits: usual } = on.outside.policy;
      const options = { ...taskcluster, limits: usual, now: () => new Date() };
      return { builds: createBuilds({ ...options, clock: server.clock }) };
    },
  });
  const [slow, quick] = [
    await on.outside.build('build-decision'),
    await on.outside.build('decision'),
  ];
  const first = await world.propose(alice, `build-decision ${slow.taskId}`);
  const slowCard = world.card();
  await world.propose(alice, `decision ${quick.taskId}`);
  on.outside.taskcluster.faults.push({
    at: 'storage',
    path: `${slow.taskId}/0/public/image.tar`,
    fault: 'redirect',
    to: server.url,
  });
  await world.click(bob, 'approve', { thread: slowCard.ts });
  await world.slack.until(() => server.clock() > 0);
  await world.click(bob, 'approve');
  await world.until('reported');
  await world.rest();
  expect(await world.store.get(first.id)).toMatchObject({
    state: 'failed',
    failure: { reason: 'download-too-slow' },
  });
  const said = world.slack.thread(slowCard.ts).map(reads).join('\n');
  expect(said).toMatch(
    /public\/image\.tar\.zst gave less than 64 KiB\/s over a minute\. Try again/,
  );
  await world.click(alice, 'retry', { thread: slowCard.ts });
  const state = async () => (await world.store.get(first.id))?.state;
  await expect.poll(state, patient).toBe('reported');
});

/** A git that notes in a file when it begins and when it ends, and how many there were at once, and in all. */
async function watchedGit(folder: string) {
  const notes = join(folder, 'git-notes');
  const real = (await execa('sh', ['-c', 'command -v git'])).stdout;
  const script = `#!/bin/sh\necho + >>'${notes}'\n'${real}' "$@"\ncode=$?\necho - >>'${notes}'\nexit $code\n`;
  await writeFile(notes, '');
  await writeFile(join(folder, 'git'), script, { mode: 0o755 });
  return async () => {
    const lines = (await readFile(notes, 'utf8')).trim().split('\n');
    let now = 0;
    const running = lines.map((line) => (now += line === '+' ? 1 : -1));
    return { most: Math.max(...running), all: lines.filter((line) => line === '+').length };
  };
}

it('60 checks at once are all answered, by a few gits that read each tree a few times', async () => {
  const folder = await mkdtemp(join(on.outside.folder, 'git-'));
  const gits = await watchedGit(folder);
  const world = await on.start({
    steadyTrees: false,
    policy: limits({ asksOfOne: 100 }),
    ports: () => ({
      trees: createTrees({ environment: { PATH: `${folder}:${on.outside.env['PATH']}` } }),
    }),
  });
  await Promise.all(Array.from({ length: 60 }, () => world.ask(alice, 'check')));
  await expect.poll(() => world.told(alice), patient).toHaveLength(60);
  for (const text of world.told(alice)) {
    expect(text).toContain('no trusted build to compare with');
    expect(text).not.toContain('cannot be read');
  }
  const { most, all } = await gits();
  expect(most).toBeLessThanOrEqual(4);
  // Three trees of git's are read for one check, with five processes each.
  expect(all).toBeLessThanOrEqual(4 * 3 * 6);
});

it('an archive that takes too much of a processor is refused, however long its bytes take', async () => {
  const world = await on.start({ policy: limits({ processor: 1 }) });
  const { taskId } = await on.outside.build('build-decision');
  // Its bytes never end, as far as anybody can tell.
  on.outside.taskcluster.faults.push({
    at: 'storage',
    path: 'image.tar',
    fault: 'stall',
    after: 200,
  });
  await world.ask(alice, `build-decision ${taskId}`);
  await world.until('refused');
  expect(world.thread().at(-1)).toMatch(
    /Reading the archive took more than 0\.001 s of a processor/,
  );
  expect(await world.reasons()).toEqual(['archive-too-slow']);
});
