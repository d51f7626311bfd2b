import { rename } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../src/docker/engine.ts';
import { besideEngine } from '../../src/registry/beside-engine.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { events, startFakeEngine, type FakeEngine } from '../helpers/docker/engine-api.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });
const nothing = `sha256:${'0'.repeat(64)}`;

let fake: FakeEngine;
beforeEach(async () => {
  fake = await startFakeEngine(on.outside.registry.url);
});
afterEach(() => fake.close());

interface Broken {
  readonly breaks: () => unknown;
  readonly heals?: () => unknown;
  readonly reason: Reason;
  /** What happened, why, and what to do about it, as it stands in the thread; `*` is the image and its tag. */
  readonly says: string;
}

/** It answers 200, and then says what is wrong. */
function pushSays(...lines: object[]): void {
  fake.instead.push = (response) => {
    events(response.writeHead(200), ...lines);
    response.end();
  };
}

function socket(): string {
  return new URL(fake.host).pathname;
}

const broken: Readonly<Record<string, Broken>> = {
  'is denied the push by the registry': {
    breaks: () => pushSays({ error: 'denied: requested access to the resource is denied' }),
    reason: 'registry-denied',
    says: 'The registry does not let this account push to * (403). Check the account’s access to the repository, then press Retry.',
  },
  'is told by the registry that the quota is used up': {
    breaks: () => pushSays({ errorDetail: { message: 'toomanyrequests: Rate exceeded' } }),
    reason: 'registry-quota',
    says: 'The registry takes no more from this account for now: toomanyrequests: Rate exceeded. Press Retry later; what is there already is not sent again.',
  },
  'fails in the middle of the push': {
    breaks: () => pushSays({ status: 'Pushing', id: 'a' }, { error: 'write: no space left' }),
    reason: 'docker-failed',
    says: 'The Docker engine failed to push *: write: no space left. Look at the engine’s log, then press Retry.',
  },
  'ends the push without a digest': {
    breaks: () => pushSays({ status: 'Pushed', id: 'a' }),
    reason: 'docker-nonsense',
    says: 'The Docker engine’s answer to the push cannot be used: it ended without a digest. Nothing was announced as published; press Retry.',
  },
  'loads two images': {
    breaks: () =>
      (fake.instead.load = async (response, request) => {
        await Array.fromAsync(request);
        const [first, second] = [nothing, nothing.replace('0', '1')];
        events(response, { stream: `Loaded image ID: ${first}\n` });
        events(response, { stream: `Loaded image ID: ${second}\n` });
        response.end();
      }),
    reason: 'docker-nonsense',
    says: 'The Docker engine’s answer to the load cannot be used: it loaded 2 images. Nothing was announced as published; press Retry.',
  },
  'is not there': {
    breaks: () => rename(socket(), `${socket()}.away`),
    heals: () => rename(`${socket()}.away`, socket()),
    reason: 'docker-unreachable',
    says: 'The Docker engine did not answer the question for its version: ENOENT. Check DOCKER_HOST and the engine, then press Retry.',
  },
  'freezes in the middle of the push': {
    breaks: () => (fake.instead.push = () => fake.freeze()),
    heals: () => fake.thaw(),
    reason: 'docker-unreachable',
    says: 'The Docker engine did not answer the push: nothing came for 2 s. Check DOCKER_HOST and the engine, then press Retry.',
  },
};

describe('a Docker engine that', () => {
  it.each(Object.entries(broken))(
    '%s: the thread says what, why and what next, nothing is published, and Retry heals it',
    async (_, { breaks, heals, reason, says }) => {
      const { url, store } = on.outside.registry;
      const { limits } = on.outside.policy;
      const times = { idle: 2000, answer: 1000 };
      const world = await on.start({
        ports: () => ({
          engine: createDockerEngine({
            dockerHost: fake.host,
            registry: besideEngine({ url }),
            limits,
            ...times,
          }),
        }),
      });
      const { revision } = await on.outside.build('build-decision');
      await world.propose(alice, `build-decision ${revision}`);
      await breaks();
      await world.click(bob, 'approve');
      await world.until('failed');
      const target = `mozillareleases/build-decision:${revision}`;
      const [text] = world.thread().at(-1)?.split('\n') ?? [];
      expect(text).toBe(`<@${alice}> :x: ${says.replace('*', target)}`);
      expect(await world.reasons()).toEqual([reason]);
      expect(world.cardText()).toContain('*Failed*, nothing was announced as published');
      const { tags } = store.repository('mozillareleases/build-decision');
      expect(tags.has(revision)).toBe(false);

      fake.instead = {};
      await heals?.();
      await world.click(alice, 'retry');
      const done = await world.until('reported');
      expect(done).toMatchObject({ pushed: { digest: tags.get(revision) } });
      expect(world.thread().filter((text) => text.includes('*Published*'))).toHaveLength(1);
      await expect.poll(() => [fake.tags.size, fake.images.size]).toEqual([0, 0]);
    },
  );
});
