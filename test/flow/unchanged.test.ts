import { describe, expect, it } from 'vitest';
import { buildPolicyOf } from '../helpers/build-policy-of.ts';
import { refuse, type Refusal } from '../../src/domain/errors.ts';
import type { Image } from '../../src/domain/image.ts';
import type { Plan, TagState } from '../../src/domain/plan.ts';
import { findPinned } from '../../src/flow/pinned.ts';
import { hashPolicy } from '../../src/flow/planning.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Builds, Registry, Trees } from '../../src/ports.ts';
import { Digest } from '../../src/domain/reference.ts';
import type { Reason } from '../../src/domain/reasons.ts';
import { findChange } from '../../src/flow/unchanged.ts';
import { planOf } from '../../local/rig/promotions.ts';

const tree = { git: 'https://example.org/tree', branch: 'main', files: 'auto' } as const;
const image: Image = {
  name: 'build-decision',
  build: buildPolicyOf(
    { name: 'b', trustDomain: 'd', workerPool: 'a/b' },
    { project: 'p', repository: 'https://x/y' },
  ),
  publish: 'mozillareleases/build-decision',
  formerly: [],
  tag: { from: 'revision' },
  pins: [tree],
  message: 'm',
};
const policy = {
  approval: { required: 1 },
  taskcluster: { rootUrl: 'https://tc' },
  registry: { url: 'https://registry' },
} as unknown as Policy;
const pin = (tag: string) =>
  `image: mozillareleases/build-decision:${tag.repeat(20)}@sha256:${'ab'.repeat(32)}\n`;
const other = Digest.parse(`sha256:${'0'.repeat(64)}`);

/** The world as it was when the plan was made; each test changes one thing of it. */
interface Now {
  verified: Plan['build'] | Refusal;
  tag: TagState;
  files: Readonly<Record<string, string>>;
  policy: Policy;
  image: Image;
}

async function scene() {
  const base = planOf('build-decision', 'v1');
  const now: Now = {
    verified: base.build,
    tag: { state: 'free' },
    files: { 'a.yml': pin('aa') },
    policy,
    image,
  };
  const planning = () => ({
    image: now.image,
    policy: now.policy,
    signal: new AbortController().signal,
    ports: {
      builds: { verify: async () => now.verified } as unknown as Builds,
      registry: { look: async () => now.tag } as unknown as Registry,
      trees: {
        read: async () => ({
          source: tree.git,
          revision: 'ab'.repeat(20),
          files: Object.entries(now.files).map(([path, text]) => ({
            path,
            bytes: Buffer.from(text),
            executable: false,
          })),
        }),
      } as unknown as Trees,
      inspect: () => Promise.reject(new Error('nothing is streamed here')),
    },
  });
  const { pins, trees } = await findPinned({ ...planning(), target: base.target });
  const plan: Plan = { ...base, pins, trees, policy: hashPolicy(policy, image) };
  return { now, plan, change: () => findChange(plan, planning()) };
}

describe('right before the push', () => {
  it('nothing has changed: there is no reason to stop', async () => {
    const { change, now, plan } = await scene();
    expect(plan.pins).toHaveLength(1);
    expect(await change()).toBeUndefined();
    now.tag = { state: 'unseen' };
    expect(await change()).toBeUndefined();
    now.tag = { state: 'holds', digest: other, imageId: plan.contents.imageId };
    expect(await change()).toBeUndefined();
    now.files = { ...now.files, 'other.txt': 'moved on' };
    expect(await change()).toBeUndefined();
  });

  const build = (now: Now) => now.verified as Plan['build'];
  const changes: Readonly<Record<string, readonly [Reason, RegExp, (now: Now) => void]>> = {
    'the rules of approval': [
      'changed-policy',
      /^approval$/,
      (now) => (now.policy = { ...policy, approval: {} as Policy['approval'] }),
    ],
    'what is trusted': [
      'changed-policy',
      /^taskcluster$/,
      (now) => (now.policy = { ...policy, taskcluster: {} as Policy['taskcluster'] }),
    ],
    'the registry': [
      'changed-policy',
      /^registry$/,
      (now) => (now.policy = { ...policy, registry: {} as Policy['registry'] }),
    ],
    'the image’s rules': [
      'changed-policy',
      /^images\.build-decision$/,
      (now) => (now.image = { ...image, message: 'x' }),
    ],
    'the run': ['changed-run', /^1$/, (now) => (now.verified = { ...build(now), runId: 1 })],
    'the run, still running': [
      'changed-run',
      /^1$/,
      (now) => (now.verified = refuse('not-completed', { task: 't', run: '1', state: 'running' })),
    ],
    'the status': [
      'changed-status',
      /^exception$/,
      (now) =>
        (now.verified = refuse('not-completed', { task: 't', run: '0', state: 'exception' })),
    ],
    'the definition': [
      'changed-definition',
      /^$/,
      (now) => (now.verified = { ...build(now), definition: other }),
    ],
    'the certificate': [
      'changed-certificate',
      /^$/,
      (now) => (now.verified = { ...build(now), certificate: other }),
    ],
    'anything else of the build': [
      'changed-plan',
      /expires/,
      (now) => (now.verified = { ...build(now), expires: '2030-01-01T00:00:00Z' }),
    ],
    'the trust': [
      'bad-signature',
      /^t$/,
      (now) => (now.verified = refuse('bad-signature', { task: 't' })),
    ],
    'the tag': [
      'changed-tag',
      /:v1$/,
      (now) => (now.tag = { state: 'holds', digest: other, imageId: other }),
    ],
    'the tag, to an index': [
      'changed-tag',
      /:v1$/,
      (now) => (now.tag = { state: 'holds', digest: other }),
    ],
    'a pin': ['changed-pins', /no longer there/, (now) => (now.files = { 'a.yml': pin('bb') })],
    'the place of a pin': [
      'changed-pins',
      /no longer there/,
      (now) => (now.files = { 'b.yml': pin('aa') }),
    ],
    'the number of pins': [
      'changed-pins',
      /new: .* in b\.yml/,
      (now) => (now.files = { ...now.files, 'b.yml': pin('aa') }),
    ],
  };
  it.each(Object.entries(changes))(
    '%s changed: it stops with that',
    async (_, [reason, fact, happens]) => {
      const { now, change } = await scene();
      happens(now);
      const refusal = await change();
      expect(refusal?.reason).toBe(reason);
      const { problem, got, target, task } = refusal?.facts ?? {};
      expect(problem ?? target ?? got ?? task ?? '').toMatch(fact);
    },
  );
});
