import { describe, expect, it } from 'vitest';
import type { Fault, Step } from '../../local/registry/faults.ts';
import { createRegistryEngine } from '../../src/registry/push.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios } from '../helpers/scenarios/world.ts';

const { alice, bob } = people;
const on = scenarios({ steadyTrees: true });

interface Broken {
  readonly step: Step;
  readonly fault: Fault;
  readonly reason: Reason;
  /** What happened, why, and what to do about it, as it stands in the thread. */
  readonly says: RegExp;
}

const again = /Press Retry.*; what is there already is not sent again\./;
const broken: Readonly<Record<string, Broken>> = {
  'fails each time': {
    step: 'start',
    fault: { fault: 'answer', status: 503 },
    reason: 'registry-failed',
    says: /The registry failed at the first upload: 503\. Press Retry/,
  },
  'asks to slow down for a day': {
    step: 'put-manifest',
    fault: { fault: 'answer', status: 429, headers: { 'retry-after': '86400' } },
    reason: 'registry-busy',
    says: /The registry asked to slow down \(429\) for longer than 0\.1 s\. Press Retry later/,
  },
  'breaks every connection': {
    step: 'look',
    fault: { fault: 'lose-reply' },
    reason: 'registry-unreachable',
    says: /The registry did not answer the manifest of .*: the connection broke\. Press Retry in/,
  },
  'says nothing': {
    step: 'put-manifest',
    fault: { fault: 'stall' },
    reason: 'registry-unreachable',
    says: /The registry did not answer the manifest of .*: nothing came for 0\.2 s\. Press Retry in/,
  },
  'does not let the account push': {
    step: 'start',
    fault: { fault: 'answer', status: 403 },
    reason: 'registry-denied',
    says: /does not let this account push to .* \(403\)\. Check the account’s access.*press Retry/,
  },
  'sends an upload into a private network': {
    step: 'start',
    fault: { fault: 'headers', headers: { location: 'http://169.254.169.254/latest/' } },
    reason: 'registry-foreign-host',
    says: /pointed the first upload at .*169\.254\.169\.254.*, which is not allowed\. No credentials were sent there/,
  },
};

describe('a registry that', () => {
  it.each(Object.entries(broken))(
    '%s: the thread says what, why and what next, nothing is published, and Retry heals it',
    async (_, { step, fault, reason, says }) => {
      const { url, faults, store } = on.outside.registry;
      const { limits } = on.outside.policy;
      const timing = { backoff: 1, maxBackoff: 2, attempts: 2, idle: 200, patience: 100 };
      const world = await on.start({
        ports: () => ({ engine: createRegistryEngine({ url, timing, limits }) }),
      });
      const { revision } = await on.outside.build('build-decision');
      await world.propose(alice, `build-decision ${revision}`);
      world.hold();
      await world.click(bob, 'approve');
      await world.until('approved');
      faults.add(step, fault, { times: Infinity, skip: step === 'look' ? 1 : 0 });
      await world.release();
      await world.until('failed');
      expect(world.thread().at(-1)).toMatch(says);
      if (/failed|busy|unreachable/.test(reason)) expect(world.thread().at(-1)).toMatch(again);
      expect(await world.reasons()).toEqual([reason]);
      expect(world.cardText()).toContain('*Failed*, nothing was announced as published');
      const { tags } = store.repository('mozillareleases/build-decision');
      expect(tags.has(revision)).toBe(false);
      // Where we were not told where it is, nobody can cancel it.
      const isTold = reason !== 'registry-foreign-host';
      if (isTold) expect([...store.uploads.values()]).toEqual([]);
      store.uploads.clear();

      faults.clear();
      await world.click(alice, 'retry');
      const done = await world.until('reported');
      expect(done).toMatchObject({ pushed: { digest: tags.get(revision) } });
      expect(world.thread().filter((text) => text.includes('*Published*'))).toHaveLength(1);
    },
  );
});
