import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Push, Engine } from '../../src/ports.ts';
import type { State } from '../../src/domain/states.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });
const hour = 3_600_000;
const name = 'mozillareleases/build-decision';

const tagsNow = () => on.outside.registry.store.repository(name).tags;

interface Scene {
  readonly world: World;
  readonly revision: string;
}

/** A push that was cut off in the middle of this; no bot is running. */
async function cutOff(engine: (push: Push, real: Engine) => Promise<unknown>): Promise<Scene> {
  const reached = Promise.withResolvers<void>();
  const world = await on.start({
    ports: (ports) => ({
      engine: async (push) => {
        await engine(push, ports.engine);
        reached.resolve();
        await once(push.signal, 'abort');
        throw push.signal.reason;
      },
    }),
  });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await world.click(bob, 'approve');
  await reached.promise;
  await world.stop();
  return { world, revision };
}

const beforeAnything = () => cutOff(async () => undefined);
const beforeTheTag = () => cutOff(async (push) => push.beforeTag());
const afterTheTag = () => cutOff((push, real) => real(push));

/** The next bot, whose engine is the real one. */
async function goOn({ world }: Scene): Promise<readonly string[]> {
  const begun = world.writes().length;
  await world.run({ ports: () => ({}) });
  await world.rest();
  return world.writes().slice(begun);
}

interface Change {
  readonly happens: (scene: Scene) => unknown;
  readonly ends: State;
  readonly says: RegExp;
}

const changes: Readonly<Record<string, Change>> = {
  'the approver was deactivated': {
    happens: ({ world }) => world.slack.changeUser(bob, { kind: 'deactivated' }),
    ends: 'refused',
    says: /<@U0BOB0001>, who approved this, may not approve any more/,
  },
  'the requester was deactivated': {
    happens: ({ world }) => world.slack.changeUser(alice, { kind: 'deactivated' }),
    ends: 'refused',
    says: /<@U0ALICE01>, who asked for this, is no full member of this workspace any more/,
  },
  'the build is gone': {
    happens: () => on.outside.taskcluster.tasks.clear(),
    ends: 'refused',
    says: /Taskcluster has no task/,
  },
  'the tag was taken': {
    happens: ({ revision }) => on.outside.occupy(name, revision),
    ends: 'refused',
    says: /tag was taken meanwhile/,
  },
  'it is an hour past its time': {
    happens: ({ world }) => world.later(25 * hour),
    ends: 'expired',
    says: /It was not pushed in the time that the approval gave, so this request expired/,
  },
};

describe('a push that was cut off', () => {
  it.each(Object.entries(changes))(
    'is not gone on with where %s meanwhile: nothing is decrypted',
    async (_, { happens, ends, says }) => {
      const scene = await beforeAnything();
      await happens(scene);
      const before = tagsNow().get(scene.revision);
      expect(await goOn(scene)).toEqual([]);
      const { world } = scene;
      expect((await world.store.list({ limit: 1 }))[0]?.state).toBe(ends);
      expect(world.thread().at(-1)).toMatch(says);
      expect(world.thread().at(-1)).toMatch(/Layers may have been sent.*no tag was put/);
      expect(tagsNow().get(scene.revision)).toBe(before);
      expect((await world.kinds()).filter((kind) => kind === 'decrypting')).toHaveLength(1);
    },
  );

  it('may finish within the hour after its time', async () => {
    const scene = await beforeAnything();
    await scene.world.later(24.5 * hour);
    await goOn(scene);
    await scene.world.until('reported');
  });

  it('may be stopped while no bot runs for it: the next one leaves it alone', async () => {
    const scene = await beforeAnything();
    await scene.world.run();
    await scene.world.click(bob, 'stop');
    await scene.world.until('withdrawn');
    expect(tagsNow().has(scene.revision)).toBe(false);
  });

  it('while its tag was being put ends by name as well where the tag is not there, and says where to look', async () => {
    const scene = await beforeTheTag();
    scene.world.slack.changeUser(bob, { kind: 'deactivated' });
    expect(await goOn(scene)).toEqual([]);
    expect(scene.world.thread().at(-1)).toMatch(
      /may not approve any more.*cut off while the tag was being put: look whether the registry has/,
    );
  });

  it('after its tag was put is finished as what it is, whatever has changed since', async () => {
    const scene = await afterTheTag();
    const { world, revision } = scene;
    const digest = tagsNow().get(revision);
    world.slack.changeUser(bob, { kind: 'deactivated' });
    await world.later(30 * hour);
    expect(await goOn(scene)).toEqual([]);
    expect(await world.until('reported')).toMatchObject({ pushed: { digest } });
    expect(world.cardText()).toContain('*Published*');
  });

  it('is not taken for published where another manifest is under the tag than it was about to put', async () => {
    const scene = await afterTheTag();
    const { world, revision } = scene;
    tagsNow().delete(revision);
    await on.outside.occupy(name, revision);
    world.slack.changeUser(bob, { kind: 'deactivated' });
    expect(await goOn(scene)).toEqual([]);
    expect(await world.store.list({ states: ['refused'] })).toHaveLength(1);
  });
});

it('a push whose time is up when the tag would be put puts none', async () => {
  const world: World = await on.start({
    ports: ({ engine }) => ({
      engine: (push) =>
        engine({
          ...push,
          beforeTag: async (digest) => {
            await world.later(25 * hour);
            await push.beforeTag(digest);
          },
        }),
    }),
  });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await world.click(bob, 'approve');
  await world.until('expired');
  expect(world.thread().at(-1)).toMatch(/expired\. Layers may have been sent.*no tag was put/);
  expect(tagsNow().has(revision)).toBe(false);
});

it('a push that is stopped right when it begins decrypts nothing', async () => {
  const world: World = await on.start({
    store: (store) => ({
      ...store,
      change: async (change) => {
        const changed = await store.change(change);
        if (change.event.kind === 'pushing') {
          await expect.poll(() => world.cardButtons()).toContain('stop');
          await world.click(bob, 'stop');
        }
        return changed;
      },
    }),
  });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  await world.click(bob, 'approve');
  await world.rest();
  await world.until('withdrawn');
  expect(await world.kinds()).not.toContain('decrypting');
  expect(tagsNow().has(revision)).toBe(false);
});
