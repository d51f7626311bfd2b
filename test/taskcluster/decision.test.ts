import { describe, expect, it } from 'vitest';
import type { PublishedBuild, Twists } from '../../local/builds.ts';
import {
  certificateArtifacts,
  certify,
  encode,
  gzipped,
  sha256Of,
} from '../../local/taskcluster/certificate.ts';
import type { TaskDefinition } from '../../local/taskcluster/definition.ts';
import type { StoredRun, StoredTask } from '../../local/taskcluster/world.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import {
  image,
  reasonOf,
  setting,
  someBytes,
  trusted,
  unbound,
} from '../helpers/taskcluster/setting.ts';

const given = setting();
const archive = someBytes(1000);
const graphName = 'public/task-graph.json';

type Graph = Record<string, { task: TaskDefinition & Record<string, unknown> }>;

async function outcome(
  change: (task: StoredTask & { definition: TaskDefinition }, build: PublishedBuild) => void,
  twists: Twists = {},
): Promise<Reason | undefined> {
  const { builds, publish, taskcluster } = given();
  const published = await publish({ archive, ...twists });
  change(taskcluster.tasks.get(published.decision) as never, published);
  return reasonOf(builds().verify(image, published.taskId));
}

/** Lets the decision task, signed by its worker, have planned something else. */
function replan(
  task: StoredTask & { definition: TaskDefinition },
  { taskId, decision }: PublishedBuild,
  change: (graph: Graph) => unknown,
): void {
  const { definition } = given().taskcluster.tasks.get(taskId) as { definition: TaskDefinition };
  const { taskGroupId: _group, ...planned } = structuredClone(definition);
  const graph = encode(change({ [taskId]: { task: planned as Graph[string]['task'] } }));
  recertify(task, decision, { [graphName]: graph });
}

function recertify(
  task: StoredTask & { definition: TaskDefinition },
  taskId: string,
  files: Readonly<Record<string, Uint8Array>>,
): void {
  const { taskcluster } = given();
  const artifacts = task.artifacts.get(0);
  const sha256s = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, sha256Of(bytes)]),
  );
  const run = task.status.runs.at(-1) as StoredRun;
  const document = encode(certify({ definition: task.definition, taskId, run, sha256s }));
  const { expires } = task.definition;
  for (const artifact of [
    ...certificateArtifacts(document, taskcluster.sign(document), expires),
    ...Object.entries(files).map(([name, bytes]) => gzipped(name, bytes, expires)),
  ]) {
    artifacts?.set(artifact.name, artifact);
  }
}

describe('the decision task', () => {
  it('binds the build to its repository and branch: its word is among what was proven', async () => {
    const { builds, publish } = given();
    const published = await publish({ archive });
    const build = await trusted(builds(), published);
    expect(build.checks.map(({ says }) => says)).toEqual(
      expect.arrayContaining([
        `decision task ${published.decision} is signed too, and may act for repo:github.com/mozilla-releng/fxci-config:branch:main and no other repository`,
        `the signed task graph of ${published.decision} holds exactly this task`,
      ]),
    );
  });

  it('takes a planned definition that leaves out what the queue adds', async () => {
    const reason = await outcome((task, build) =>
      replan(task, build, (graph) => {
        const planned = graph[build.taskId]?.task as Partial<TaskDefinition>;
        delete planned.retries;
        delete planned.requires;
        delete planned.scopes;
        delete planned.taskQueueId;
        delete planned.schedulerId;
        return graph;
      }),
    );
    expect(reason).toBeUndefined();
  });

  it.each<readonly [string, (graph: Graph, taskId: string) => unknown]>([
    ['has no such task', () => ({})],
    ['has it under another id', (graph) => ({ JOGECPspRTeY5YOM2CiuZg: Object.values(graph)[0] })],
    ['planned another environment', changed((task) => (task.payload.env['HASH'] = 'x'))],
    ['planned another image', changed((task) => (task.payload.image = 'evil'))],
    ['planned fewer routes', changed((task) => task.routes.pop())],
    ['planned a scope', changed((task) => task.scopes.push('everything'))],
    ['planned another name', changed((task) => (task.metadata.name = 'x'))],
    ['planned another pool', changed((task) => (task.workerType = 'x'))],
    ['planned something more', changed((task) => (task['more'] = 1))],
    ['planned less', changed((task) => delete (task as Partial<TaskDefinition>).payload)],
    [
      'planned another end of the artifact',
      changed((task) => {
        for (const artifact of Object.values(task.payload.artifacts ?? {})) {
          artifact.expires = { 'relative-datestamp': '2 years' };
        }
      }),
    ],
    [
      'planned a time in words that nobody knows',
      changed((task) => {
        for (const artifact of Object.values(task.payload.artifacts ?? {})) {
          artifact.expires = { 'relative-datestamp': 'some day' };
        }
      }),
    ],
  ])('refuses a task whose graph %s', async (_, change) => {
    const reason = await outcome((task, build) =>
      replan(task, build, (graph) => change(graph, build.taskId)),
    );
    expect(reason).toBe('not-in-graph');
  });

  function changed(change: (task: Graph[string]['task']) => unknown) {
    return (graph: Graph, taskId: string): Graph => {
      const entry = graph[taskId];
      if (entry) change(entry.task);
      return graph;
    };
  }

  it('refuses a task that was only cached by its own decision task’s pool', async () => {
    const reason = await outcome((task) => {
      task.definition = {
        ...task.definition,
        workerType: 'linux-docker',
        taskQueueId: 'releng-3/linux-docker',
      };
      task.status = { ...task.status, ...pool('releng-3/linux-docker') };
    });
    expect(reason).toBe('wrong-worker-pool');
  });

  it.each<readonly [Reason, (task: StoredTask & { definition: TaskDefinition }) => void]>([
    [
      'wrong-worker-pool',
      (task) => {
        task.definition = { ...task.definition, ...pool('releng-1/decision') };
        task.status = { ...task.status, ...pool('releng-1/decision') };
      },
    ],
    [
      'wrong-scheduler',
      (task) => {
        task.definition = { ...task.definition, schedulerId: 'releng-level-1' };
        task.status = Object.assign({ ...task.status }, { schedulerId: 'releng-level-1' });
      },
    ],
    [
      'definition-mismatch',
      (task) => {
        task.definition = { ...task.definition, retries: 4 };
      },
    ],
    [
      'no-chain-of-trust',
      (task) => task.artifacts.get(0)?.delete('public/chain-of-trust.json.sig'),
    ],
    ['artifact-missing', (task) => task.artifacts.get(0)?.delete(graphName)],
    [
      'artifact-hash',
      (task) =>
        task.artifacts
          .get(0)
          ?.set(graphName, gzipped(graphName, Buffer.from('{}'), '2099-01-01T00:00:00.000Z')),
    ],
    [
      'not-completed',
      (task) => {
        const runs = task.status.runs.map((run) => ({ ...run, state: 'failed' }));
        task.status = Object.assign({ ...task.status }, { runs, state: 'failed' });
      },
    ],
  ])('refuses a decision task: %s', async (reason, change) => {
    expect(await outcome(change)).toBe(reason);
  });

  it('refuses a decision task whose certificate has no task graph', async () => {
    expect(await outcome((task, { decision }) => recertify(task, decision, {}))).toBe(
      'artifact-not-signed',
    );
  });

  it('refuses a task that no decision task created', async () => {
    const orphan: Twists = {
      definition: (task) => {
        task.taskGroupId = 'JOGECPspRTeY5YOM2CiuZg';
      },
    };
    expect(await outcome(() => {}, orphan)).toBe('unknown-task');
  });

  it('refuses a task group that is no task', async () => {
    const odd: Twists = {
      definition: (task) => {
        task.taskGroupId = 'a-group-of-somebody';
      },
    };
    expect(await outcome(() => {}, odd)).toBe('not-in-graph');
  });

  it('is not asked where the policy says so, and then nothing claims that it was', async () => {
    const { builds, publish, taskcluster } = given();
    const published = await publish({ archive });
    taskcluster.tasks.delete(published.decision);
    expect(await reasonOf(builds().verify(image, published.taskId))).toBe('unknown-task');
    const build = await builds().verify(unbound, published.taskId);
    if (isRefusal(build)) throw new Error(build.reason);
    const said = build.checks.map(({ says }) => says).join('\n');
    expect(said).toContain('is the task’s own word');
    expect(said).not.toMatch(/graph|decision task proves|was built from [^:]*$/m);
    expect(build).toMatchObject({ decision: 'none' });
    expect(build.branch).toBeUndefined();
  });
});

function pool(taskQueueId: string): object {
  const [provisionerId, workerType] = taskQueueId.split('/');
  return { provisionerId, workerType, taskQueueId };
}
