import { generateKeyPairSync, sign } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { PublishedBuild, Twists } from '../../local/builds.ts';
import { newTaskId } from '../../local/taskcluster/task-id.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { createBuilds } from '../../src/taskcluster/builds.ts';
import { makeTree } from '../../local/trees.ts';
import { makeArchive, type BuildOptions } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice } = people;
const on = scenarios();
const past = new Date(Date.now() - 400 * 24 * 3_600_000);
const stranger = generateKeyPairSync('ed25519').privateKey;

interface Case {
  readonly reason: Reason;
  readonly says: RegExp;
  readonly twists?: Twists & BuildOptions;
  /** What stands in the line instead of the build’s task id. */
  readonly word?: (build: PublishedBuild) => string;
  readonly afterwards?: (build: PublishedBuild) => void | Promise<void>;
}

const state = (name: string): Twists => ({
  runs: (run) => [{ ...run, state: name, reasonResolved: name }],
});

/** Each is everything a trusted build is, but for one thing. */
const cases: Readonly<Record<string, Case>> = {
  'of level 1': {
    reason: 'wrong-scheduler',
    says: /scheduler releng-level-1, not to releng-level-3\. Only a level-3 build/,
    twists: { level: 1 },
  },
  'in a level-1 pool': {
    reason: 'wrong-worker-pool',
    says: /ran in worker pool releng-1\/linux-docker, not in releng-3\/linux-docker/,
    twists: {
      definition: (task) => {
        Object.assign(task, { provisionerId: 'releng-1', taskQueueId: 'releng-1/linux-docker' });
      },
    },
  },
  'that failed': {
    reason: 'not-completed',
    says: /is failed, not completed\. Wait/,
    twists: state('failed'),
  },
  'that still runs': {
    reason: 'not-completed',
    says: /is running, not completed/,
    twists: {
      runs: ({ runId, reasonCreated, scheduled, started = '' }) => [
        { runId, reasonCreated, scheduled, started, state: 'running' },
      ],
    },
  },
  'that never ran': { reason: 'no-run', says: /has never run\. Wait/, twists: { runs: () => [] } },
  'that expired': {
    reason: 'task-expired',
    says: /expired on .*Build the image again/,
    twists: { created: past },
  },
  'whose artifact is gone': {
    reason: 'artifact-missing',
    says: /has no public\/image\.tar\.zst\. It may have expired/,
    twists: { artifact: () => undefined },
  },
  'whose artifact expired': {
    reason: 'artifact-expired',
    says: /public\/image\.tar\.zst .*expired/,
    twists: { artifact: (good) => ({ ...good, expires: past.toISOString() }) },
  },
  'whose artifact lies where the task chose': {
    reason: 'artifact-storage',
    says: /stored as “reference”, not as s3 or object/,
    twists: {
      artifact: ({ name, contentType, expires }) =>
        ({
          name,
          contentType,
          expires,
          storageType: 'reference',
          url: 'https://example.org/x',
        }) as const,
    },
  },
  'without a chain of trust': {
    reason: 'no-chain-of-trust',
    says: /has no public\/chain-of-trust\.json\. Without it nothing proves/,
    afterwards: ({ taskId }) =>
      void on.outside.taskcluster.tasks
        .get(taskId)
        ?.artifacts.get(0)
        ?.delete('public/chain-of-trust.json'),
  },
  'that nobody signed': {
    reason: 'no-chain-of-trust',
    says: /chain-of-trust\.json\.sig/,
    twists: { sign: 'unsigned' },
  },
  'that a stranger signed': {
    reason: 'bad-signature',
    says: /not signed by a configured key\. Do not promote it/,
    twists: { sign: (document) => sign(null, document, stranger) },
  },
  'of another repository': {
    reason: 'wrong-repository',
    says: /built from https:\/\/github\.com\/evil\/fxci-config, not from/,
    twists: {
      definition: (task) => {
        task.payload.env['VCS_HEAD_REPOSITORY'] = 'https://github.com/evil/fxci-config';
      },
    },
  },
  'of another image': {
    reason: 'wrong-label',
    says: /labelled docker-image-other, not docker-image-build-decision/,
    twists: {
      definition: (task) => {
        task.metadata.name = 'docker-image-other';
      },
    },
  },
  'of a pull request': {
    reason: 'pull-request',
    says: /comes from a pull request.*merged commit/,
    twists: {
      definition: (task) => {
        task.extra['tasks_for'] = 'github-pull-request';
      },
    },
  },
  'that somebody could log in to': {
    reason: 'interactive',
    says: /was interactive .*anyone could have changed it/,
    twists: {
      definition: (task) => {
        task.payload.features['interactive'] = true;
      },
    },
  },
  'whose stored bytes are not the signed ones': {
    reason: 'artifact-hash',
    says: /do not have the signed sha256\. Do not promote it/,
    afterwards: async ({ taskId, revision }) => {
      const artifacts = on.outside.taskcluster.tasks.get(taskId)?.artifacts.get(0);
      const artifact = artifacts?.get('public/image.tar.zst');
      const content = Buffer.from(await makeArchive('build-decision', revision));
      content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
      if (artifact) artifacts?.set(artifact.name, { ...artifact, content } as typeof artifact);
    },
  },
  'whose signed bytes are no image': {
    reason: 'archive-zstd',
    says: /The archive is not sound zstd/,
    twists: { archive: Buffer.from('not an image') },
  },
  'that is not there': {
    reason: 'unknown-task',
    says: /has no task .*Check the id/,
    word: newTaskId,
  },
  'of a commit that nobody pushed': {
    reason: 'unknown-commit',
    says: /knows no decision task for commit f{40}.*Only the tip of a push/,
    word: () => 'f'.repeat(40),
  },
};

/** Once there was a build to show the channel sees the end; before it is between the bot and the person. */
function ends(world: World): readonly string[] {
  const inThread = world.slack.messages().length > 0 ? world.thread() : [];
  return [...inThread, ...world.told(alice)];
}

describe('a build', () => {
  it.each(Object.entries(cases))('%s is refused: one message, nothing pushed', async (_, one) => {
    const world = await on.start();
    const build = await on.outside.build('build-decision', one.twists ?? {});
    await one.afterwards?.(build);
    await world.ask(alice, `build-decision ${one.word?.(build) ?? build.taskId}`);
    await world.until('refused');
    expect(ends(world)).toEqual([expect.stringMatching(one.says)]);
    expect(await world.reasons()).toEqual([one.reason]);
    expect(world.writes()).toEqual([]);
  });
});

it('a source tree that cannot be reached refuses the plan: its pins would be forgotten', async () => {
  const folder = `${on.outside.folder}/gone`;
  const tree = await makeTree(folder, { 'a.yml': 'a: b\n' });
  const world = await on.start({
    policy: (policy) => {
      const image = policy.images['build-decision'];
      if (!image) throw new Error('no such image');
      const pins = [{ git: tree.url, branch: 'main', files: 'auto' as const }];
      return { ...policy, images: { ...policy.images, 'build-decision': { ...image, pins } } };
    },
  });
  await rm(folder, { recursive: true });
  const { taskId } = await on.outside.build('build-decision');
  await world.ask(alice, `build-decision ${taskId}`);
  await world.until('refused');
  expect(world.thread()).toEqual([
    expect.stringMatching(
      /The source tree file:.* cannot be read.*Check the address and the network/,
    ),
  ]);
  expect(world.cardText()).toContain('*Refused*');
});

it('Taskcluster that does not answer is told as such, not as an unknown build', async () => {
  const timeouts = { pause: 1, longestPause: 5, answer: 500 };
  const world = await on.start({
    ports: () => {
      const { taskcluster, limits } = on.outside.policy;
      return { builds: createBuilds({ ...taskcluster, limits, now: () => new Date(), timeouts }) };
    },
  });
  const { taskId } = await on.outside.build('build-decision');
  on.outside.taskcluster.faults.push({ at: 'queue', times: 99, fault: 'status', status: 503 });
  await world.ask(alice, `build-decision ${taskId}`);
  await world.until('refused');
  expect(world.told(alice)).toEqual([
    expect.stringMatching(/Taskcluster did not answer .*Try again in a few minutes/),
  ]);
  expect(await world.reasons()).toEqual(['taskcluster-unreachable']);
});
