import { describe, expect, it } from 'vitest';
import type { PublishedBuild } from '../../local/builds.ts';
import type { State } from '../../src/domain/states.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob, carol } = people;
const on = scenarios({ steadyTrees: true });
const hour = 3_600_000;

interface Scene {
  readonly world: World;
  /** Of the second request, which waits in the lane. */
  readonly build: PublishedBuild;
  readonly id: string;
}

/** Two approved requests: the push of the first occupies the lane until `open` is called, the second waits for it. */
async function twoApproved(): Promise<Scene & { readonly open: () => void }> {
  const [begun, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const world = await on.start({
    // The first may take as long as the second is waiting.
    policy: (policy) => ({ ...policy, approval: { ...policy.approval, finish: 48 * hour } }),
    ports: ({ engine }) => ({
      engine: async (push) => {
        begun.resolve();
        await opened.promise;
        return engine(push);
      },
    }),
  });
  const first = await on.outside.build('build-decision');
  await world.propose(carol, `build-decision ${first.revision}`);
  await world.click(bob, 'approve');
  await begun.promise;
  const build = await on.outside.build('build-decision');
  const { id } = await world.propose(alice, `build-decision ${build.revision}`);
  await world.click(bob, 'approve');
  await world.until('approved');
  return { world, build, id, open: opened.resolve };
}

interface Happening {
  readonly happens: (scene: Scene) => unknown;
  readonly ends: State;
  readonly says: RegExp;
}

const happenings: Readonly<Record<string, Happening>> = {
  'an approver is deactivated': {
    happens: ({ world }) => world.slack.changeUser(bob, { kind: 'deactivated' }),
    ends: 'refused',
    says: /<@U0BOB0001>, who approved this, may not approve any more: the account is deactivated.*Nothing was pushed/,
  },
  'an approver leaves the group': {
    happens: ({ world }) => world.slack.changeGroup('S0APPROVE', { users: [carol] }),
    ends: 'refused',
    says: /<@U0BOB0001>, who approved this, may not approve any more: not among the approvers/,
  },
  'the requester is deactivated': {
    happens: ({ world }) => world.slack.changeUser(alice, { kind: 'deactivated' }),
    ends: 'refused',
    says: /<@U0ALICE01>, who asked for this, is no full member of this workspace any more: the account is deactivated\./,
  },
  'the task is rerun': {
    happens: ({ build }) => {
      const task = on.outside.taskcluster.tasks.get(build.taskId);
      const [run] = task?.status.runs ?? [];
      if (!task || !run) throw new Error('no such run');
      const running = { ...run, runId: 1, state: 'running', reasonCreated: 'rerun' };
      task.status = { ...task.status, runs: [run, running] };
      task.artifacts.set(1, new Map());
    },
    ends: 'refused',
    says: /The task was rerun after the plan was made: run 1 now, 0 then/,
  },
  'the tag is taken': {
    happens: ({ build }) => on.outside.occupy('mozillareleases/build-decision', build.revision),
    ends: 'refused',
    says: /tag was taken meanwhile/,
  },
  'the approval runs out': {
    happens: ({ world }) => world.later(25 * hour),
    ends: 'expired',
    says: /not pushed in the time that the approval gave, so this request expired\. Nothing was pushed; ask/,
  },
  'the requester takes it back': {
    happens: ({ world }) => world.click(alice, 'withdraw'),
    ends: 'withdrawn',
    says: /Withdrawn by <@U0ALICE01>\. Nothing was pushed/,
  },
  'the requester takes it back by its id': {
    happens: ({ world, id }) => world.ask(alice, `withdraw ${id}`),
    ends: 'withdrawn',
    says: /Withdrawn by <@U0ALICE01>\. Nothing was pushed/,
  },
  'whoever approved takes it back': {
    happens: ({ world }) => world.click(bob, 'withdraw'),
    ends: 'withdrawn',
    says: /<@U0ALICE01> .*Withdrawn by <@U0BOB0001>\. Nothing was pushed/,
  },
};

describe('while the push waits for another one to end', () => {
  it.each(Object.entries(happenings))(
    '%s: nothing is decrypted for it',
    async (_, { happens, ends, says }) => {
      const { open, ...scene } = await twoApproved();
      const { world, build, id } = scene;
      const { tags } = on.outside.registry.store.repository('mozillareleases/build-decision');
      await happens(scene);
      const before = tags.get(build.revision);
      open();
      expect(await world.rest()).toMatchObject({ id, state: ends });
      expect(world.thread().at(-1)).toMatch(says);
      const own = (await world.events()).filter(({ promotion }) => promotion === id);
      expect(own.map(({ kind }) => kind)).not.toContain('decrypting');
      expect(tags.get(build.revision)).toBe(before);
      expect(await world.store.list({ states: ['reported'] })).toHaveLength(1);
    },
  );

  it('nothing happens: it is pushed in its turn', async () => {
    const { world, open } = await twoApproved();
    expect(world.cardText()).toContain('*Approved* by <@U0BOB0001>; it is pushed when its turn');
    expect(world.cardButtons()).toEqual(['withdraw', 'details']);
    open();
    await world.until('reported');
    expect(await world.store.list({ states: ['reported'] })).toHaveLength(2);
  });
});
