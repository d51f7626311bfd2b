import { describe, expect, it } from 'vitest';
import type { Fault, Step } from '../../local/registry/faults.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });
const nothing = `sha256:${'0'.repeat(64)}`;

function manifestOf(config: string): string {
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: 1,
      digest: config,
    },
    layers: [],
  });
}

interface Lie {
  readonly step: Step;
  readonly skip?: number;
  readonly fault: Fault;
  readonly reason: Reason;
  readonly says: RegExp;
}

/** What the registry answers instead, after it took the push. */
const lies: Readonly<Record<string, Lie>> = {
  'another manifest under the tag': {
    step: 'look',
    skip: 2,
    fault: { fault: 'body', body: manifestOf(nothing) },
    reason: 'read-back-digest',
    says: /gives back another manifest .* than was pushed: .*Do not pin it/,
  },
  'a manifest that is none': {
    step: 'look',
    skip: 2,
    fault: { fault: 'body', body: '<html>' },
    reason: 'registry-nonsense',
    says: /answer to the manifest of .* cannot be used: it is not JSON; the tag is set, to sha256:\w{64}\. Nothing was announced/,
  },
  'another digest for the manifest it took': {
    step: 'put-tag',
    fault: { fault: 'headers', headers: { 'docker-content-digest': nothing } },
    reason: 'read-back-digest',
    says: /gives back another manifest .*Do not pin it/,
  },
  'nothing under the tag': {
    step: 'look',
    skip: 2,
    fault: { fault: 'answer', status: 404 },
    reason: 'registry-nonsense',
    says: /cannot be used: it was put, and it is not there; the tag is set, to sha256:/,
  },
};

describe('a registry that, after the push, answers with', () => {
  it.each(Object.entries(lies))(
    '%s: the promotion ends and no message claims success',
    async (_, lie) => {
      const timing = { backoff: 1, maxBackoff: 2, attempts: 2 };
      const { url } = on.outside.registry;
      const { limits } = on.outside.policy;
      const world = await on.start({
        ports: () => ({ engine: createRegistryEngine({ url, timing, limits }) }),
      });
      const { revision } = await on.outside.build('build-decision');
      await world.propose(alice, `build-decision ${revision}`);
      world.hold();
      await world.click(bob, 'approve');
      await world.until('approved');
      const { step, fault, skip = 0 } = lie;
      on.outside.registry.faults.add(step, fault, { skip, times: Infinity });
      await world.release();
      const ended = await world.rest();
      // What is another image is final; what cannot be read may be tried again.
      expect(ended?.state).toBe(lie.reason === 'read-back-digest' ? 'refused' : 'failed');
      expect(await world.reasons()).toEqual([lie.reason]);
      expect(world.thread().filter((text) => lie.says.test(text))).toHaveLength(1);
      expectNoSuccess(world);
    },
  );
});

/** Nobody may read that anything was published. */
function expectNoSuccess(world: World): void {
  expect([world.cardText(), ...world.thread()].join('\n')).not.toMatch(/\*Published/);
  expect(world.files()).toEqual({});
}

it.each([
  ['right before the tag is set', 'put-manifest', 'refused', 'changed-tag', /taken meanwhile/],
  ['right after the tag was set', 'look', 'refused', 'read-back-digest', /Look at who else writes/],
] as const)('somebody who takes the tag %s is noticed', async (_, step, state, reason, says) => {
  const world = await on.start();
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  const { tags } = on.outside.registry.store.repository('mozillareleases/build-decision');
  const [other = ''] = tags.values();
  world.hold();
  await world.click(bob, 'approve');
  await world.until('approved');
  const happens = () => {
    if (step === 'put-manifest' || tags.has(revision)) tags.set(revision, other);
  };
  on.outside.registry.faults.add(step, { fault: 'meanwhile', happens }, { times: 99 });
  await world.release();
  await world.until(state);
  expect(await world.reasons()).toEqual([reason]);
  expect(world.thread().at(-1)).toMatch(says);
  expectNoSuccess(world);
  expect(tags.get(revision)).toBe(other);
});
