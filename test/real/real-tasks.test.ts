import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { encode } from '../../local/taskcluster/certificate.ts';
import type { TaskDefinition } from '../../local/taskcluster/definition.ts';
import { completedRun, ranTask } from '../../local/taskcluster/run.ts';
import { startTaskcluster, type LocalTaskcluster } from '../../local/taskcluster.ts';
import { formatProblem, readPolicy } from '../../src/config.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import type { Image } from '../../src/domain/image.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { Revision, TaskId } from '../../src/domain/reference.ts';
import { createBuilds } from '../../src/taskcluster/builds.ts';
import { casesFolder } from '../helpers/real/shared-cases.ts';

/** What taskgraph made of one push: definitions as the queue has them. Times are of the day they were made. */
const Push = z.object({
  decision: z.object({ taskId: TaskId, task: z.record(z.string(), z.unknown()) }),
  tasks: z.record(TaskId, z.record(z.string(), z.unknown())),
  'label-to-taskid.json': z.record(z.string(), z.string()),
  'task-graph.json': z.record(z.string(), z.unknown()),
});
type Push = z.infer<typeof Push>;

let taskcluster: LocalTaskcluster;
let images: Readonly<Record<string, Image>>;
beforeAll(async () => {
  taskcluster = await startTaskcluster();
  const policy = readPolicy(await readFile('config/promote-image.yml', 'utf8'));
  if (!policy.ok) throw new Error(policy.problems.map(formatProblem).join('\n'));
  ({ images } = policy.value);
});
afterAll(() => taskcluster.close());

function imageNamed(name: string): Image {
  const image = images[name];
  if (!image) throw new Error(`The policy has no image ${name}`);
  return image;
}

/** Lets the push have run: every task completed, certified by a level-3 worker. */
async function play(name: string): Promise<Push> {
  const file = join(casesFolder, 'real-tasks', `${name}.json`);
  const push = Push.parse(JSON.parse(await readFile(file, 'utf8')));
  const { decision } = push;
  put(decision.taskId, decision.task as unknown as TaskDefinition, {
    'public/label-to-taskid.json': encode(push['label-to-taskid.json']),
    'public/task-graph.json': encode(push['task-graph.json']),
  });
  for (const [taskId, task] of Object.entries(push.tasks)) {
    put(taskId, task as unknown as TaskDefinition, { 'public/image.tar.zst': encode('image') });
  }
  return push;
}

function put(
  taskId: string,
  definition: TaskDefinition,
  files: Readonly<Record<string, Uint8Array>>,
): void {
  const run = completedRun({ created: new Date(definition.created) });
  const sign = (document: Uint8Array): Uint8Array => taskcluster.sign(document);
  taskcluster.tasks.set(taskId, ranTask({ taskId, definition, runs: [run], files, sign }));
  for (const route of definition.routes.filter((one) => one.startsWith('index.'))) {
    taskcluster.index.set(route.slice('index.'.length), taskId);
  }
}

function builds(created: string) {
  return createBuilds({
    rootUrl: taskcluster.rootUrl,
    chainOfTrustKeys: [{ key: taskcluster.key }],
    limits: { artifact: 1024, downloadRate: 1 },
    now: () => new Date(Date.parse(created) + 60 * 60 * 1000),
  });
}

const pushes = [
  ['fx-push', 'build-decision', 'repo:github.com/mozilla-releng/fxci-config:branch:main'],
  ['tg-push', 'decision', 'repo:github.com/taskcluster/taskgraph:branch:main'],
  ['gk-autoland', 'image_builder', 'repo:hg.mozilla.org/integration/autoland:branch:default'],
  ['gk-autoland', 'gecko_decision', 'repo:hg.mozilla.org/integration/autoland:branch:default'],
  ['gk-central', 'image_builder', 'repo:hg.mozilla.org/mozilla-central:branch:default'],
  ['gk-central', 'gecko_decision', 'repo:hg.mozilla.org/mozilla-central:branch:default'],
] as const;

const others: readonly (readonly [string, string, Reason])[] = [
  ['fx-pr', 'build-decision', 'wrong-worker-pool'],
  ['fx-pr-same-repo', 'build-decision', 'wrong-worker-pool'],
  ['gk-try', 'image_builder', 'wrong-worker-pool'],
  ['gk-try', 'gecko_decision', 'wrong-worker-pool'],
];

function taskOf(push: Push, image: Image): TaskId {
  return TaskId.parse(push['label-to-taskid.json'][`docker-image-${image.build.name}`]);
}

const Environment = z.object({ payload: z.object({ env: z.record(z.string(), z.string()) }) });

function taskIn(push: Push, image: Image): unknown {
  return push.tasks[taskOf(push, image)];
}

describe('what taskgraph really made', () => {
  it.each(pushes)('%s: %s is found by its commit, bound, and accepted', async (name, of, role) => {
    const image = imageNamed(of);
    const push = await play(name);
    const taskId = taskOf(push, image);
    const build = await builds(String(push.decision.task['created'])).verify(image, taskId);
    if (isRefusal(build)) throw new Error(`${build.reason} ${JSON.stringify(build.facts)}`);
    expect(build.decision).toEqual({ taskId: push.decision.taskId, scope: `assume:${role}` });
    const found = await builds(build.builtAt).find(image, {
      by: 'revision',
      revision: build.revision,
    });
    expect(found).toBe(taskId);
    taskcluster.index.clear();
  });

  it.each(others)('%s: %s is refused', async (name, of, reason) => {
    const image = imageNamed(of);
    const push = await play(name);
    const outcome = await builds(String(push.decision.task['created'])).verify(
      image,
      taskOf(push, image),
    );
    expect(outcome).toMatchObject({ outcome: 'refused', reason });
  });

  it.each(others)('%s: %s is not found by its commit', async (name, of) => {
    const image = imageNamed(of);
    taskcluster.index.clear();
    const { env } = Environment.parse(taskIn(await play(name), image)).payload;
    const revision = Revision.parse(env['VCS_HEAD_REV'] ?? env['GECKO_HEAD_REV']);
    const found = await builds('2026-12-01T00:00:00.000Z').find(image, {
      by: 'revision',
      revision,
    });
    expect(found).toMatchObject({ reason: 'unknown-commit' });
  });

  it('a push of a project that the policy does not name is refused, with the projects it names', async () => {
    const image = imageNamed('image_builder');
    const [autoland] = image.build.sources;
    if (!autoland) throw new Error('no source');
    const only: Image = { ...image, build: { ...image.build, sources: [autoland] } };
    const push = await play('gk-central');
    const outcome = await builds(String(push.decision.task['created'])).verify(
      only,
      taskOf(push, only),
    );
    expect(outcome).toMatchObject({
      reason: 'wrong-project',
      facts: { got: 'mozilla-central', want: 'autoland' },
    });
  });
});
