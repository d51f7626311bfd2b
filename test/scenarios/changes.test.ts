import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { gunzipSync } from 'node:zlib';
import type { PublishedBuild, Twists } from '../../local/builds.ts';
import {
  certificateArtifacts,
  encode,
  sha256Of,
  type Certificate,
} from '../../local/taskcluster/certificate.ts';
import { makeTree, type LocalTree } from '../../local/trees.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { commit, makeArchive, type BuildOptions } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob, carol } = people;
const on = scenarios();
const hour = 3_600_000;
const old = 'ed'.repeat(20);

interface Scene {
  readonly world: World;
  readonly build: PublishedBuild;
  readonly tree: LocalTree;
}

/** The tree of every scene in which no tree changes. */
let steady: Promise<LocalTree> | undefined;

function ownTree(): Promise<LocalTree> {
  const folder = `${on.outside.folder}/tree-${crypto.randomUUID()}`;
  const pin = `mozillareleases/build-decision:${old}@sha256:${'ab'.repeat(32)}`;
  return makeTree(folder, { 'one.yml': `image: ${pin}\n`, 'other.txt': 'other\n' });
}

/** An approved request with which the bot has not gone on yet; `moves`: its source tree is its own, and may change. */
async function approved({
  moves = false,
  ...twists
}: Twists & BuildOptions & { readonly moves?: boolean | undefined } = {}): Promise<Scene> {
  const tree = await (moves ? ownTree() : (steady ??= ownTree()));
  const world = await on.start({
    policy: (policy) => pinnedIn(tree, policy),
    steadyTrees: !moves,
  });
  const build = await on.outside.build('build-decision', twists);
  await world.propose(alice, `build-decision ${build.revision}`);
  world.hold();
  await world.click(bob, 'approve');
  await world.until('approved');
  return { world, build, tree };
}

function pinnedIn(tree: LocalTree, policy: Policy): Policy {
  return withImage(policy, {
    pins: [{ git: tree.url, branch: 'main', files: 'auto' }],
  });
}

function withImage(policy: Policy, change: object): Policy {
  const image = policy.images['build-decision'];
  if (!image) throw new Error('no such image');
  return { ...policy, images: { ...policy.images, 'build-decision': { ...image, ...change } } };
}

function taskOf({ build }: Scene) {
  const task = on.outside.taskcluster.tasks.get(build.taskId);
  if (!task) throw new Error('no such task');
  return task;
}

/** Has a level-3 worker sign another certificate for the task. */
function recertify(scene: Scene, change: (certificate: Certificate) => object, run = 0): void {
  const { definition, artifacts } = taskOf(scene);
  const signed = artifacts.get(0)?.get('public/chain-of-trust.json');
  if (!signed || !('content' in signed)) throw new Error('no certificate');
  const text = gunzipSync(signed.content as Uint8Array).toString();
  const document = encode(change(JSON.parse(text) as Certificate));
  const { expires } = definition as { expires: string };
  const made = certificateArtifacts(document, on.outside.taskcluster.sign(document), expires);
  const ofRun = new Map(artifacts.get(0));
  for (const artifact of made) ofRun.set(artifact.name, artifact);
  artifacts.set(run, ofRun);
}

/** Puts other bytes in the place of the image; gives their sha256 in hex. */
function store(scene: Scene, content: Uint8Array): string {
  const artifacts = taskOf(scene).artifacts.get(0);
  const artifact = artifacts?.get('public/image.tar.zst');
  if (artifact) artifacts?.set(artifact.name, { ...artifact, content } as typeof artifact);
  return sha256Of(content);
}

/** Stops the bot and starts it under another policy. */
async function underPolicy({ world, tree }: Scene, change: (policy: Policy) => Policy) {
  await world.stop();
  await world.run({ policy: change(pinnedIn(tree, world.policy)) });
}

interface Change {
  readonly reason: Reason;
  readonly says: RegExp;
  readonly twists?: Twists & BuildOptions;
  /** It happens to the source tree. */
  readonly moves?: true;
  readonly happens: (scene: Scene) => unknown;
}

const changes: Readonly<Record<string, Change>> = {
  'the task was rerun': {
    reason: 'changed-run',
    says: /The task was rerun after the plan was made: run 1 now, 0 then\. Ask again/,
    happens: (scene) => {
      const { status, artifacts } = taskOf(scene);
      const [run] = status.runs;
      if (!run) return;
      const running = { ...run, runId: 1, state: 'running', reasonCreated: 'rerun' };
      taskOf(scene).status = { ...status, runs: [run, running] };
      artifacts.set(1, new Map());
    },
  },
  'the task was rerun, and that run is as good': {
    reason: 'changed-run',
    says: /The task was rerun after the plan was made: run 1 now, 0 then/,
    happens: (scene) => {
      const { status } = taskOf(scene);
      const [run] = status.runs;
      if (!run) return;
      taskOf(scene).status = { ...status, runs: [run, { ...run, runId: 1 }] };
      recertify(scene, (certificate) => ({ ...certificate, runId: 1 }), 1);
    },
  },
  'the run is not completed any more': {
    reason: 'changed-status',
    says: /The task is exception.* now; it was completed when the plan was made/,
    happens: (scene) => {
      const { status } = taskOf(scene);
      const runs = status.runs.map((run) => ({
        ...run,
        state: 'exception',
        reasonResolved: 'canceled',
      }));
      taskOf(scene).status = { ...status, runs };
    },
  },
  'the task is gone': {
    reason: 'unknown-task',
    says: /Taskcluster has no task/,
    happens: ({ build }) => on.outside.taskcluster.tasks.delete(build.taskId),
  },
  'the queue tells another definition than was signed': {
    reason: 'definition-mismatch',
    says: /signed definition of task .* differs from the queue’s in .*Do not promote/,
    happens: (scene) => {
      const { definition } = taskOf(scene);
      taskOf(scene).definition = { ...definition, dependencies: [] };
    },
  },
  'the definition is another, signed and all': {
    reason: 'changed-definition',
    says: /definition changed after the plan was made\. Do not promote it/,
    happens: (scene) => {
      const task = { ...taskOf(scene).definition, dependencies: [] };
      taskOf(scene).definition = task;
      recertify(scene, (certificate) => ({ ...certificate, task }));
    },
  },
  'the certificate is another, signed and all': {
    reason: 'changed-certificate',
    says: /chain of trust changed after the plan was made\. Do not promote it/,
    happens: (scene) =>
      recertify(scene, (certificate) => ({
        ...certificate,
        environment: { ...certificate.environment, region: 'elsewhere' },
      })),
  },
  'the image is another, signed and all': {
    reason: 'changed-certificate',
    says: /chain of trust changed after the plan was made/,
    happens: async (scene) => {
      const sha256 = store(scene, await makeArchive('build-decision', 'another'));
      recertify(scene, (certificate) => ({
        ...certificate,
        artifacts: { ...certificate.artifacts, 'public/image.tar.zst': { sha256 } },
      }));
    },
  },
  'the chain of trust is gone': {
    reason: 'no-chain-of-trust',
    says: /has no public\/chain-of-trust\.json/,
    happens: (scene) => taskOf(scene).artifacts.get(0)?.delete('public/chain-of-trust.json'),
  },
  'the stored bytes are others': {
    reason: 'changed-artifact',
    says: /bytes changed after the plan was made.*Do not promote it/,
    happens: async (scene) => {
      const content = Buffer.from(await makeArchive('build-decision', scene.build.revision));
      content[100] = (content.at(100) ?? 0) ^ 1;
      store(scene, content);
    },
  },
  'the artifact is gone': {
    reason: 'artifact-missing',
    says: /has no public\/image\.tar\.zst/,
    happens: (scene) => taskOf(scene).artifacts.get(0)?.delete('public/image.tar.zst'),
  },
  'the task expired': {
    reason: 'task-expired',
    says: /expired on .*Build the image again/,
    twists: { created: new Date(Date.now() - 365 * 24 * hour + hour) },
    happens: ({ world }) => world.later(2 * hour),
  },
  'the tag was taken': {
    reason: 'changed-tag',
    says: /tag was taken meanwhile: mozillareleases\/build-decision:.* now holds sha256:.*another tag/,
    happens: ({ build }) => on.outside.occupy('mozillareleases/build-decision', build.revision),
  },
  'a pin says something else': {
    reason: 'changed-pins',
    moves: true,
    says: /pins changed meanwhile in file:.*no longer there: .*@sha256:ab/,
    happens: ({ tree }) =>
      commit(tree, {
        'one.yml': `image: mozillareleases/build-decision:${old}@sha256:${'cd'.repeat(32)}\n`,
      }),
  },
  'there is one more pin': {
    reason: 'changed-pins',
    moves: true,
    says: /pins changed meanwhile in file:.*new: .* in two\.yml/,
    happens: ({ tree }) =>
      commit(tree, {
        'two.yml': `image: mozillareleases/build-decision:${old}@sha256:${'ab'.repeat(32)}\n`,
      }),
  },
  'a pin is gone': {
    reason: 'changed-pins',
    moves: true,
    says: /pins changed meanwhile in file:.*no longer there/,
    happens: ({ tree }) => commit(tree, { 'one.yml': 'image: none\n' }),
  },
  'the rules of approval are others': {
    reason: 'changed-policy',
    says: /configuration changed after the plan was made: approval\. Ask again/,
    happens: (scene) =>
      underPolicy(scene, (policy) => ({
        ...policy,
        approval: { ...policy.approval, required: 2 },
      })),
  },
  'what is trusted is another': {
    reason: 'changed-policy',
    says: /configuration changed after the plan was made: taskcluster/,
    happens: (scene) =>
      underPolicy(scene, (policy) => ({
        ...policy,
        taskcluster: {
          ...policy.taskcluster,
          chainOfTrustKeys: [{ key: `${'A'.repeat(43)}=`, until: undefined }],
        },
      })),
  },
  'the registry is another': {
    reason: 'changed-policy',
    says: /configuration changed after the plan was made: registry/,
    happens: (scene) =>
      underPolicy(scene, (policy) => ({
        ...policy,
        registry: { ...policy.registry, url: 'http://127.0.0.1:9' },
      })),
  },
  'the image is configured otherwise': {
    reason: 'changed-policy',
    says: /configuration changed after the plan was made: images\.build-decision/,
    happens: (scene) => underPolicy(scene, (policy) => withImage(policy, { message: 'another' })),
  },
  'the image is configured no more': {
    reason: 'changed-policy',
    says: /configuration changed after the plan was made: images\.build-decision is gone/,
    happens: (scene) =>
      underPolicy(scene, (policy) => {
        const { 'build-decision': _, ...images } = policy.images;
        return { ...policy, images };
      }),
  },
  'the approver left the group': {
    reason: 'changed-approver',
    says: /<@U0BOB0001>, who approved this, may not approve any more: not among the approvers/,
    happens: ({ world }) => world.slack.changeGroup('S0APPROVE', { users: [carol] }),
  },
  'the approver was deactivated': {
    reason: 'changed-approver',
    says: /<@U0BOB0001>, who approved this, may not approve any more: the account is deactivated/,
    happens: ({ world }) => world.slack.changeUser(bob, { kind: 'deactivated' }),
  },
};

describe('between approval and push', () => {
  it.each(Object.entries(changes))(
    '%s: the promotion stops with that, nothing is written',
    async (_, change) => {
      const scene = await approved({ ...change.twists, moves: change.moves });
      const { world } = scene;
      await change.happens(scene);
      const before = world.writes().length;
      await world.release();
      await world.until('refused');
      expect(world.thread().at(-1)).toMatch(change.says);
      expect(world.thread().filter((text) => text.includes(':no_entry:'))).toHaveLength(1);
      expect(await world.reasons()).toEqual([change.reason]);
      expect(world.cardText()).toContain('*Refused*');
      expect(world.cardButtons()).toEqual(['details']);
      // An upload may have been opened, and is the registry’s to end; no byte went into it.
      expect(
        world
          .writes()
          .slice(before)
          .filter((line) => /^(PUT|PATCH)/.test(line)),
      ).toEqual([]);
      const uploads = [...on.outside.registry.store.uploads.values()];
      expect(uploads.filter(({ size }) => size > 0)).toEqual([]);
    },
  );

  it('the approval ran out: the request is expired, nothing is written', async () => {
    const { world } = await approved();
    await world.later(25 * hour);
    await world.release();
    await world.until('expired');
    expect(world.thread().at(-1)).toMatch(/expired\. Nothing was pushed; ask again/);
    expect(world.writes()).toEqual([]);
    expect(await world.kinds()).not.toContain('decrypting');
  });

  it.each([
    [
      'the source tree cannot be reached',
      /source tree .* cannot be read/,
      async ({ tree }: Scene) => writeFile(`${tree.folder}/.git/HEAD`, 'x'),
    ],
  ] as const)('%s: it fails, and may be retried', async (_, says, happens) => {
    const scene = await approved({ moves: true });
    await happens(scene);
    await scene.world.release();
    await scene.world.until('failed');
    expect(scene.world.thread().at(-1)).toMatch(says);
    expect(scene.world.writes()).toEqual([]);
    await writeFile(`${scene.tree.folder}/.git/HEAD`, 'ref: refs/heads/main\n');
    await scene.world.click(alice, 'retry');
    await scene.world.until('reported');
  });

  it('nothing: the promotion goes on, also where the tree moved on elsewhere', async () => {
    const scene = await approved({ moves: true });
    await commit(scene.tree, { 'other.txt': 'moved on\n' });
    await scene.world.release();
    await scene.world.until('reported');
    expect(scene.world.writes().length).toBeGreaterThan(0);
    expect(scene.world.thread().join('\n')).toContain('The tree has moved since the plan');
  });
});

it('a push that is taken up again under another configuration stops before anything is decrypted', async () => {
  const scene = await approved();
  const { world } = scene;
  await world.stop();
  const parked = Promise.withResolvers<void>();
  await world.run({
    ports: () => ({
      engine: ({ signal }) => {
        parked.resolve();
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
    }),
  });
  void world.release();
  await parked.promise;
  await world.stop();
  await world.run({
    policy: { ...world.policy, registry: { ...world.policy.registry, url: 'http://127.0.0.1:9' } },
  });
  await world.until('refused');
  expect(await world.reasons()).toEqual(['changed-policy']);
  expect((await world.kinds()).filter((kind) => kind === 'decrypting')).toHaveLength(1);
  expect(world.writes()).toEqual([]);
});
