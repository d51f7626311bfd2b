import { describe, expect, it } from 'vitest';
import { buildPolicyOf } from '../helpers/build-policy-of.ts';
import { createMeasure, type Measuring } from '../../src/flow/drift-distance.ts';
import { refuse } from '../../src/domain/errors.ts';
import type { Image } from '../../src/domain/image.ts';
import type { TrustedBuild } from '../../src/domain/plan.ts';
import type { Builds } from '../../src/ports.ts';
import { Revision, TaskId } from '../../src/domain/reference.ts';

const hex = 'ab'.repeat(32);
const digest = `@sha256:${hex}`;
const pinned = Revision.parse('ed88efef5c4b4dca87066d03ae0a90e18fbe23cd');
const gone = '92c07265'.repeat(5);
const task = TaskId.parse('bEnz5SaJTi2jVq5VbP4Fzw');

const image: Image = {
  name: 'some_image',
  build: buildPolicyOf(
    { name: 'some_image', trustDomain: 'example', workerPool: 'example-3/images' },
    { project: 'example', repository: 'https://example.com/r' },
  ),
  publish: 'example/some_image',
  formerly: [],
  tag: { from: 'version-file', path: 'VERSION' },
  pins: [],
  message: 'chore: update the image',
};

function builtAt(iso: string): TrustedBuild {
  return { builtAt: iso } as TrustedBuild;
}

/** Knows one build, a commit of spring, and counts how often it is asked. */
function builds(asked: string[] = []): Builds {
  return {
    find: async (_, ask) => {
      asked.push(ask.by);
      const isKnown = ask.by === 'revision' && ask.revision === pinned;
      return isKnown ? task : refuse('unknown-commit', { revision: 'x', project: 'example' });
    },
    verify: async () => builtAt('2026-04-01T00:00:00Z'),
    open: () => Promise.reject(new Error('nothing is opened')),
  };
}

function measure(pin: string, given: Partial<Measuring> & { readonly tag: string }) {
  const { tag, ...rest } = given;
  const newest = { build: builtAt('2026-05-31T12:00:00Z'), target: { name: image.publish, tag } };
  return createMeasure({ image, builds: builds(), tags: [], newest, ...rest })(pin);
}

describe('how far a pin is behind', () => {
  const tags = ['5.9.0', '5.10.0', '5.10.1', '6.0.0', 'latest', 'something'];

  it.each([
    ['5.9.0', 2],
    ['5.10.0', 1],
    ['5.1.0', 3],
  ])('is counted in versions: %s', async (tag, versions) => {
    const pin = `example/some_image:${tag}${digest}`;
    expect(await measure(pin, { tags, tag: '5.10.1' })).toEqual({ versions });
  });

  it('counts the newest build’s version that is not published yet', async () => {
    expect(await measure('5.9.0', { tags: ['5.9.0'], tag: '5.10.0' })).toEqual({ versions: 1 });
  });

  it.each([`example/some_image:latest${digest}`, `sha256:${hex}`, '5.10.1'])(
    'is not known of %s',
    async (pin) => {
      expect(await measure(pin, { tags, tag: '5.10.1' })).toBeUndefined();
    },
  );

  const byCommit: Image = { ...image, tag: { from: 'revision' } };
  const tag = 'cd'.repeat(20);

  it('is counted in days between the builds of commits', async () => {
    const pin = `example/some_image:${pinned}${digest}`;
    expect(await measure(pin, { image: byCommit, tag })).toEqual({ days: 61 });
  });

  it('is not known where the pinned commit’s build is gone', async () => {
    const pin = `example/some_image:${gone}${digest}`;
    expect(await measure(pin, { image: byCommit, tag })).toBeUndefined();
  });

  it('is asked once for pins that say the same', async () => {
    const asked: string[] = [];
    const target = { name: image.publish, tag };
    const newest = { build: builtAt('2026-05-31T12:00:00Z'), target };
    const ask = createMeasure({ image: byCommit, builds: builds(asked), tags: [], newest });
    const pin = `example/some_image:${pinned}${digest}`;
    await Promise.all([ask(pin), ask(pin), ask(pin)]);
    expect(asked).toEqual(['revision']);
  });
});
