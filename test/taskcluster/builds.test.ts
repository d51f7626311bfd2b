import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publishBuild } from '../../local/builds.ts';
import { newTaskId } from '../../local/taskcluster/task-id.ts';
import { buildPolicyOf } from '../helpers/build-policy-of.ts';
import { Revision } from '../../src/domain/reference.ts';
import {
  archive,
  download,
  image,
  reasonOf,
  revision,
  setting,
  trusted,
} from '../helpers/taskcluster/setting.ts';

const given = setting();

describe('find', () => {
  it('leads from a commit to the task that the push’s label map names', async () => {
    const { builds, publish } = given();
    const { taskId } = await publish();
    const found = await builds().find(image, {
      by: 'revision',
      revision: Revision.parse(revision),
    });
    expect(found).toBe(taskId);
  });

  it('takes the label that was used before October 2024', async () => {
    const { builds, publish } = given();
    const { taskId } = await publish({ olderLabel: true });
    const found = await builds().find(image, {
      by: 'revision',
      revision: Revision.parse(revision),
    });
    expect(found).toBe(taskId);
    expect(await builds().verify(image, taskId)).toMatchObject({
      label: 'docker-image-build-decision'.replace(/^/, 'build-'),
    });
  });

  it('leads to the older task where the image was cached', async () => {
    const { taskcluster, builds, publish } = given();
    const { taskId } = await publish();
    const later = Revision.parse('a'.repeat(40));
    await publishBuild(taskcluster, { image, archive, revision: later, cachedAs: taskId });
    expect(await builds().find(image, { by: 'revision', revision: later })).toBe(taskId);
    expect(await builds().verify(image, taskId)).toMatchObject({ revision });
  });

  it('leads to the newest level-3 build of the index', async () => {
    const { builds, publish } = given();
    await publish();
    const { taskId } = await publish();
    expect(await builds().find(image, { by: 'latest' })).toBe(taskId);
  });

  it('leads past the builds of other projects that fill the same cache', async () => {
    const { taskcluster, builds, publish } = given();
    const { taskId } = await publish();
    const other = { project: 'elsewhere', repository: 'https://github.com/somebody/elsewhere' };
    const sources = [{ ...other, branch: 'main', releases: false }];
    const foreign = { ...image, build: { ...image.build, sources } };
    const theirs = await publishBuild(taskcluster, { image: foreign, revision, archive });
    expect(await builds().find(image, { by: 'latest' })).toBe(taskId);
    expect(await builds().find(foreign, { by: 'latest' })).toBe(theirs.taskId);
    taskcluster.index.delete('releng.v2.fxci-config.latest.taskgraph.decision');
    expect(await builds().find(image, { by: 'latest' })).toBe(theirs.taskId);
    expect(await reasonOf(builds().verify(image, theirs.taskId))).toBe('wrong-project');
  });

  it('tells of a release’s build what it lacks: nothing signed says which commit its tag is', async () => {
    const { builds, publish } = given();
    const { taskId } = await publish({
      definition: (task) => {
        task.payload.env['VCS_HEAD_REV'] = 'v1.2.3';
      },
    });
    expect(await builds().verify(image, taskId)).toMatchObject({
      reason: 'release-tag',
      facts: { tag: 'v1.2.3' },
    });
  });

  it('takes a task id as it is', async () => {
    const taskId = newTaskId();
    expect(await given().builds().find(image, { by: 'task', taskId })).toBe(taskId);
  });

  it('refuses a commit that is no push’s tip', async () => {
    const ask = { by: 'revision', revision: Revision.parse('0'.repeat(40)) } as const;
    expect(await given().builds().find(image, ask)).toMatchObject({
      reason: 'unknown-commit',
      facts: { project: 'fxci-config' },
    });
  });

  it('refuses a push without the image', async () => {
    const { builds, publish } = given();
    await publish();
    const other = { ...image, build: { ...image.build, name: 'nothing' } };
    const ask = { by: 'revision', revision: Revision.parse(revision) } as const;
    expect(await reasonOf(builds().find(other, ask))).toBe('no-image-task');
    expect(await reasonOf(builds().find(other, { by: 'latest' }))).toBe('no-latest');
  });

  it('refuses a push whose decision task left no label map', async () => {
    const { taskcluster, builds, publish } = given();
    const { decision } = await publish();
    taskcluster.tasks.get(decision)?.artifacts.get(0)?.delete('public/label-to-taskid.json');
    const ask = { by: 'revision', revision: Revision.parse(revision) } as const;
    expect(await reasonOf(builds().find(image, ask))).toBe('no-label-map');
  });
});

describe('verify', () => {
  it('tells everything that was proven about a level-3 build', async () => {
    const { builds, publish, taskcluster } = given();
    const published = await publish({ created: new Date('2026-11-01T10:00:00.000Z') });
    const build = await trusted(builds(), published);
    const sha256 = createHash('sha256').update(archive).digest('hex');
    expect(build).toMatchObject({
      taskId: published.taskId,
      runId: 0,
      label: 'docker-image-build-decision',
      repository: 'https://github.com/mozilla-releng/fxci-config',
      project: 'fxci-config',
      branch: 'main',
      decision: {
        taskId: published.decision,
        scope: 'assume:repo:github.com/mozilla-releng/fxci-config:branch:main',
      },
      revision,
      workerPool: 'releng-3/linux-docker',
      schedulerId: 'releng-level-3',
      route: `releng.cache.level-3.docker-images.v2.build-decision.hash.${published.indexHash}`,
      indexHash: published.indexHash,
      builtAt: '2026-11-01T10:07:00.000Z',
      expires: '2027-11-01T10:00:00.000Z',
      signedBy: taskcluster.key,
      artifact: { name: 'public/image.tar.zst', storage: 's3', sha256: `sha256:${sha256}` },
    });
    expect(build.checks.map(({ check }) => check)).toEqual([
      'status',
      ...Array.from({ length: 5 }, () => 'definition'),
      ...Array.from({ length: 5 }, () => 'chain-of-trust'),
      'artifact',
    ]);
  });

  it('takes a priority that was changed after the task was created', async () => {
    const { builds, publish, taskcluster } = given();
    const published = await publish();
    const before = await trusted(builds(), published);
    const task = taskcluster.tasks.get(published.taskId);
    if (task) task.definition = { ...task.definition, priority: 'highest' };
    expect(await trusted(builds(), published)).toEqual(before);
  });

  it('takes a fraction, wherever the definition has one', async () => {
    const { builds, publish } = given();
    const published = await publish({
      definition: (task) => {
        task.extra['estimate'] = { hours: 0.25, ratio: 1e-7, big: 2 ** 60 };
      },
    });
    expect((await trusted(builds(), published)).definition).toMatch(/^sha256:/);
  });

  it('names a key of the queue that it does not know, and takes it once the policy allows it', async () => {
    const { builds, publish, taskcluster } = given();
    const published = await publish();
    const before = await trusted(builds(), published);
    for (const taskId of [published.taskId, published.decision]) {
      const task = taskcluster.tasks.get(taskId);
      if (task) task.definition = { ...task.definition, sustainability: { watts: 5 } };
    }
    expect(await builds().verify(image, published.taskId)).toMatchObject({
      reason: 'unknown-key',
      facts: { key: 'sustainability', setting: 'definition' },
    });
    const allowedKeys = { definition: ['sustainability'] };
    expect(await trusted(builds({ allowedKeys }), published)).toEqual(before);
  });

  it('names a key that only the task graph does not know', async () => {
    const { builds, publish } = given();
    const published = await publish({
      definition: (task) => Object.assign(task, { sustainability: 5 }),
      graph: (graph) => {
        const [entry] = Object.values(graph) as { task: Record<string, unknown> }[];
        delete entry?.task['sustainability'];
        return graph;
      },
    });
    const { taskId } = published;
    expect(await reasonOf(builds().verify(image, taskId))).toBe('unknown-key');
    const allowedKeys = { definition: ['sustainability'] };
    expect(await trusted(builds({ allowedKeys }), published)).toMatchObject({ taskId });
  });

  it('names a key of a certificate’s environment that it does not know, and takes it once the policy allows it', async () => {
    const { builds, publish } = given();
    const published = await publish({
      certificate: ({ environment, ...rest }) => ({
        ...rest,
        environment: { ...environment, hypervisor: { kind: 'new' } },
      }),
    });
    expect(await builds().verify(image, published.taskId)).toMatchObject({
      reason: 'unknown-key',
      facts: { key: 'hypervisor', setting: 'environment' },
    });
    const { taskId } = published;
    const allowedKeys = { environment: ['hypervisor'] };
    expect(await trusted(builds({ allowedKeys }), published)).toMatchObject({ taskId });
  });

  it.each(['public/image.tar.zst', 'public/chain-of-trust.json'])(
    'tells the earliest end: that of %s, which comes before the task’s',
    async (name) => {
      const { builds, publish, taskcluster } = given();
      const published = await publish();
      const artifacts = taskcluster.tasks.get(published.taskId)?.artifacts.get(0);
      const artifact = artifacts?.get(name);
      const expires = new Date(Date.now() + 3_600_000).toISOString();
      if (artifact) artifacts?.set(name, { ...artifact, expires });
      const build = await trusted(builds(), published);
      expect(build.expires).toBe(expires);
      expect(build.checks[0]?.says).toContain(`nothing expires before ${expires}`);
    },
  );

  it('gives the same answer twice', async () => {
    const { builds, publish } = given();
    const published = await publish();
    expect(await trusted(builds(), published)).toEqual(await trusted(builds(), published));
  });

  it('takes Gecko’s own form of the source', async () => {
    const { taskcluster, builds } = given();
    const gecko = {
      ...image,
      build: buildPolicyOf(
        { name: 'decision', trustDomain: 'gecko', workerPool: 'gecko-3/images' },
        {
          project: 'mozilla-central',
          repository: 'https://hg.mozilla.org/mozilla-central',
          branch: 'default',
        },
      ),
    };
    const { taskId } = await publishBuild(taskcluster, { image: gecko, revision, archive });
    expect(await builds().verify(gecko, taskId)).toMatchObject({ taskId, revision });
  });

  it('takes an object of Taskcluster’s object service', async () => {
    const { builds, publish } = given();
    const published = await publish({
      artifact: (artifact) => ({ ...artifact, storageType: 'object' }) as typeof artifact,
    });
    const build = await trusted(builds(), published);
    expect(build.artifact.storage).toBe('object');
    expect((await download(builds(), build)).bytes.equals(archive)).toBe(true);
  });

  it('does not know a task that is not there', async () => {
    expect(await reasonOf(given().builds().verify(image, newTaskId()))).toBe('unknown-task');
  });
});

describe('open', () => {
  it('gives the bytes that were signed, and what they were', async () => {
    const { builds, publish } = given();
    const build = await trusted(builds(), await publish());
    const { artifact, bytes } = await download(builds(), build);
    expect(bytes.equals(archive)).toBe(true);
    expect(artifact.size).toBe(archive.length);
    const prefix = (size: number): string =>
      createHash('sha256').update(archive.subarray(0, size)).digest('hex');
    expect(artifact.facts()).toEqual({
      size: archive.length,
      sha256: build.artifact.sha256,
      checkpoints: [prefix(4 * 1024 ** 2), prefix(8 * 1024 ** 2)],
    });
  });

  it('gives the same bytes once they were approved', async () => {
    const { builds, publish } = given();
    const build = await trusted(builds(), await publish());
    const approved = (await download(builds(), build)).artifact.facts();
    const { artifact, bytes } = await download(builds(), build, { approved });
    expect(bytes.equals(archive)).toBe(true);
    expect(artifact.facts()).toEqual(approved);
  });

  it('sends no credentials, no cookie and no referrer anywhere', async () => {
    const { taskcluster, builds, publish } = given();
    await download(builds(), await trusted(builds(), await publish()));
    const sent = new Set(taskcluster.requests.flatMap(({ headers }) => Object.keys(headers)));
    expect([...sent].toSorted()).toEqual(['accept-encoding', 'connection', 'host', 'user-agent']);
  });
});
