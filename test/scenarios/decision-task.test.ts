import { describe, expect, it } from 'vitest';
import type { PublishedBuild, Twists } from '../../local/builds.ts';
import type { TaskDefinition } from '../../local/taskcluster/definition.ts';
import type { StoredTask } from '../../local/taskcluster/world.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import type { BuildOptions } from '../../local/rig/outside.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });

const trusted = 'github.com/mozilla-releng/fxci-config';
const sibling = 'github.com/mozilla-releng/fxci-other';

/** A decision task of the same trust domain that may act for something else. */
function acting(...scopes: readonly string[]): Twists {
  return {
    decision: (task) => {
      task.scopes = [...scopes];
    },
  };
}

/** Who may push to a sibling repository writes into its tasks whatever they like, but cannot choose their scopes. */
const siblings: Twists = {
  definition: (task) => {
    task.payload.image = 'evil/builder:1';
    task.payload.env['CONTEXT_PATH'] = 'public/docker-contexts/evil.tar.gz';
  },
  ...acting(`assume:repo:${sibling}:branch:main`),
};

interface Attack {
  readonly reason: Reason;
  readonly says: RegExp;
  readonly twists: Twists | (() => Promise<Twists & BuildOptions>);
  readonly afterwards?: (build: PublishedBuild) => void;
}

const attacks: Readonly<Record<string, Attack>> = {
  'another repository of the trust domain, with its own builder and context': {
    reason: 'wrong-role',
    says: /\(the decision task\) may act for repo:github\.com\/mozilla-releng\/fxci-other:branch:main, not for repo:github\.com\/mozilla-releng\/fxci-config:branch:main alone/,
    twists: siblings,
  },
  'another branch of the repository': {
    reason: 'wrong-role',
    says: /may act for .*:branch:evil/,
    twists: acting(`assume:repo:${trusted}:branch:evil`),
  },
  'a repository whose name only begins right': {
    reason: 'wrong-role',
    says: /may act for .*fxci-config-evil/,
    twists: acting(`assume:repo:${trusted}-evil:branch:main`),
  },
  'two repositories at once': {
    reason: 'wrong-role',
    says: /may act for repo:github\.com\/mozilla-releng\/fxci-other:branch:main, not/,
    twists: acting(`assume:repo:${trusted}:branch:main`, `assume:repo:${sibling}:branch:main`),
  },
  'every repository of the organisation': {
    reason: 'wrong-role',
    says: /may act for repo:github\.com\/mozilla-releng\/\*/,
    twists: acting(`assume:repo:${trusted}:branch:main`, 'assume:repo:github.com/mozilla-releng/*'),
  },
  'everything there is': {
    reason: 'wrong-role',
    says: /may act for \*, not/,
    twists: acting(`assume:repo:${trusted}:branch:main`, '*'),
  },
  'every branch of the repository': {
    reason: 'wrong-role',
    says: /may act for .*:branch:\*/,
    twists: acting(`assume:repo:${trusted}:branch:*`),
  },
  'whatever cron job': {
    reason: 'wrong-role',
    says: /may act for .*:cron:\*/,
    twists: acting(`assume:repo:${trusted}:cron:*`),
  },
  'no repository': { reason: 'wrong-role', says: /no repository/, twists: acting('queue:x') },
  'a release, where the policy takes none': {
    reason: 'wrong-role',
    says: /:release:published/,
    twists: acting(`assume:repo:${trusted}:release:published`),
  },
  'a cron job of another repository': {
    reason: 'wrong-role',
    says: /fxci-other:cron:nightly/,
    twists: acting(`assume:repo:${sibling}:cron:nightly`),
  },
  'a pull request, by its scopes': {
    reason: 'pull-request',
    says: /\(the decision task\) comes from a pull request/,
    twists: acting(`assume:repo:${trusted}:pull-request`),
  },
  'a pull request, by what it was made for': {
    reason: 'pull-request',
    says: /\(the decision task\) comes from a pull request/,
    twists: {
      decision: (task) => {
        task.extra['tasks_for'] = 'github-pull-request';
      },
    },
  },
  'somebody who could log in to it': {
    reason: 'interactive',
    says: /\(the decision task\) was interactive/,
    twists: {
      decision: (task) => {
        task.payload.features['interactive'] = true;
      },
    },
  },
  'a pool in which images are built': {
    reason: 'wrong-worker-pool',
    says: /\(the decision task\) ran in worker pool releng-3\/linux-docker, not in releng-3\/decision/,
    twists: {
      decision: (task) => {
        Object.assign(task, { workerType: 'linux-docker', taskQueueId: 'releng-3/linux-docker' });
      },
    },
  },
  'another repository, whatever its scopes': {
    reason: 'wrong-repository',
    says: /was built from https:\/\/github\.com\/mozilla-releng\/fxci-other, not from/,
    twists: environment('FXCI_HEAD_REPOSITORY', `https://${sibling}`),
  },
  'another commit': {
    reason: 'wrong-commit',
    says: /works on commit f{40}, its build on/,
    twists: environment('FXCI_HEAD_REV', 'f'.repeat(40)),
  },
  'another branch, by its ref': {
    reason: 'wrong-branch',
    says: /works on branch refs\/heads\/evil, not on main/,
    twists: environment('FXCI_HEAD_REF', 'refs/heads/evil'),
  },
  'a decision task that is being run again': {
    reason: 'not-completed',
    says: /\(the decision task\) run 1 is pending, not completed/,
    twists: {},
    afterwards: ({ decision }) => rerun(decision),
  },
  'nobody: its graph does not hold the task': {
    reason: 'not-in-graph',
    says: /does not hold task/,
    twists: { graph: () => ({}) },
  },
  'somebody who planned another builder': {
    reason: 'not-in-graph',
    says: /as it was planned: payload\.image differs/,
    twists: {
      graph: (graph) => {
        const [entry] = Object.values(graph) as { task: TaskDefinition }[];
        if (entry) entry.task.payload.image = 'another/builder';
        return graph;
      },
    },
  },
  'another group’s graph, which the task names as its parent': {
    reason: 'wrong-group',
    says: /\(the action task\) belongs to task group/,
    twists: inGroupOf((task, decision) => {
      task.taskGroupId = decision;
    }),
  },
  'another group’s graph, which the task does not name': {
    reason: 'not-in-graph',
    says: /does not hold task/,
    twists: inGroupOf((task, decision) => {
      task.taskGroupId = decision;
      delete task.extra['parent'];
    }),
  },
  'an action of another group': {
    reason: 'wrong-group',
    says: /\(the action task\) belongs to task group/,
    twists: async () => {
      const { decision } = await on.outside.build('build-decision');
      return {
        action: (task) => {
          task.taskGroupId = decision;
        },
      };
    },
  },
  'an action for another repository': {
    reason: 'wrong-role',
    says: /\(the action task\) may act for .*fxci-other:action/,
    twists: {
      action: (task) => {
        task.scopes = [`assume:repo:${sibling}:action:generic`];
      },
    },
  },
  'a push that poses as an action': {
    reason: 'wrong-role',
    says: /\(the action task\) may act for .*:branch:main/,
    twists: {
      action: (task) => {
        task.scopes = [`assume:repo:${trusted}:branch:main`];
      },
    },
  },
  'an action in the group of another repository': {
    reason: 'wrong-role',
    says: /\(the decision task\) may act for .*fxci-other/,
    twists: { ...acting(`assume:repo:${sibling}:branch:main`), action: () => {} },
  },
};

function environment(name: string, value: string): Twists {
  return {
    decision: (task) => {
      if (!(name in task.payload.env)) throw new Error(`There is no ${name}`);
      task.payload.env[name] = value;
    },
  };
}

/** The evil task is planned, word for word, by the sibling's decision task, and put into the trusted one's group. */
function inGroupOf(change: (task: TaskDefinition, decision: string) => void) {
  return async (): Promise<Twists & BuildOptions> => {
    const { decision, revision } = await on.outside.build('build-decision');
    return { ...siblings, revision, definition: (task) => change(task, decision) };
  };
}

function rerun(taskId: string): void {
  const task = on.outside.taskcluster.tasks.get(taskId) as StoredTask & { status: object };
  const { scheduled = '' } = task.status.runs.at(-1) ?? {};
  const run = { runId: 1, state: 'pending', reasonCreated: 'rerun', scheduled };
  task.status = Object.assign(
    { ...task.status },
    { state: 'pending' },
    {
      runs: [...task.status.runs, run],
    },
  );
}

function ends(world: World): readonly string[] {
  const inThread = world.slack.messages().length > 0 ? world.thread() : [];
  return [...inThread, ...world.told(alice)].map((text) => text.replaceAll('`', ''));
}

describe('a build that was planned by', () => {
  it.each(Object.entries(attacks))('%s is refused: nothing pushed', async (_, attack) => {
    const world = await on.start();
    const { twists } = attack;
    const given = typeof twists === 'function' ? await twists() : twists;
    const build = await on.outside.build('build-decision', given);
    attack.afterwards?.(build);
    await world.ask(alice, `build-decision ${build.taskId}`);
    await world.until('refused');
    expect(ends(world)).toEqual([expect.stringMatching(attack.says)]);
    expect(await world.reasons()).toEqual([attack.reason]);
    expect(world.writes()).toEqual([]);
  });

  it.each<readonly [string, Twists, RegExp]>([
    ['a push to the branch', {}, /fxci-config:branch:main and no other repository/],
    [
      'a cron job of the repository',
      acting(`assume:repo:${trusted}:cron:daily`, 'queue:route:notify.email.*'),
      /fxci-config:cron:daily and no other/,
    ],
    [
      'an action of the push’s group, such as the one that builds cached tasks again',
      { action: () => {} },
      /so is action task .* of its group, for repo:.*:action:rebuild-cached-tasks/,
    ],
  ])('%s is published, and the card says who planned it', async (_, twists, says) => {
    const world = await on.start();
    const { taskId, decision } = await on.outside.build('build-decision', twists);
    const { plan } = (await world.propose(alice, `build-decision ${taskId}`)) as {
      plan: { build: { decision: object } };
    };
    expect(plan.build).toMatchObject({
      project: 'fxci-config',
      branch: 'main',
      decision: { taskId: decision },
    });
    expect(world.cardText()).toMatch(says);
    await world.click(bob, 'approve');
    await world.until('reported');
  });
});

it('a decision task that is run again between approval and push stops the push', async () => {
  const world = await on.start();
  const { taskId, decision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${taskId}`);
  world.hold();
  await world.click(bob, 'approve');
  rerun(decision);
  await world.release();
  await world.until('refused', 'failed');
  expect(await world.reasons()).toEqual(['not-completed']);
  expect(world.writes()).toEqual([]);
});

it('where the policy asks for no decision task the card says whose word it is', async () => {
  const world = await on.start({ policy: unbound });
  const { taskId, decision, revision } = await on.outside.build('build-decision');
  on.outside.taskcluster.tasks.delete(decision);
  await world.propose(alice, `build-decision ${taskId}`);
  expect(world.cardText()).toMatch(
    /Nothing proves where this build comes from: https:\/\/github\.com\/mozilla-releng\/fxci-config and commit .* are the task’s own word/,
  );
  expect(world.cardText()).toContain(`at \`${revision.slice(0, 12)}…`.replace('`', ''));
  expect(world.cardText()).not.toMatch(/holds exactly this task/);
  await world.click(bob, 'approve');
  await world.until('reported');
});

function unbound(policy: Policy): Policy {
  const image = policy.images['build-decision'];
  if (!image) throw new Error('no such image');
  const build = { ...image.build, decision: 'none' as const };
  return { ...policy, images: { ...policy.images, 'build-decision': { ...image, build } } };
}
