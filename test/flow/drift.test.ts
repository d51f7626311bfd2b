import { describe, expect, it } from 'vitest';
import { driftMessage } from '../../src/words/drift-message.ts';
import { findDrift } from '../../src/flow/drift.ts';
import { refuse } from '../../src/domain/errors.ts';
import type { Image } from '../../src/domain/image.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const git = 'https://example.com/tree';

const image = {
  name: 'decision',
  build: { name: 'decision', trustDomain: 'example' },
  publish: 'example/taskgraph',
  formerly: [],
  tag: { from: 'index-hash', prefix: 'decision-' },
  pins: [{ git, branch: 'main', files: 'auto' }],
  message: 'chore: update the decision image',
} as unknown as Image;

/** What `check` finds where the registry has these tags and the tree says this. */
function drift(tags: readonly string[], text: string, of: Image = image) {
  const files = [{ path: 'ci.yml', bytes: new Uint8Array(Buffer.from(text)), executable: false }];
  const gone = async () => refuse('no-latest', { route: 'x' });
  const never = () => Promise.reject(new Error('is not asked for'));
  const ports = {
    builds: { find: gone, verify: never, open: never },
    registry: { tags: async () => tags, look: never, inspect: never },
    trees: { read: async () => ({ source: git, revision: 'ab'.repeat(20), files }) },
    publishedTimes: async () => new Map(),
  } as unknown as Parameters<typeof findDrift>[0]['ports'];
  const { signal } = new AbortController();
  return findDrift({ image: of, ports, policy: undefined as never, signal });
}

describe('the newest of tags that are hashes', () => {
  const [old, middle, young] = ['ff', '77', '01'].map((two) => two.repeat(20)) as [
    string,
    string,
    string,
  ];
  const commits = { ...image, tag: { from: 'revision' } } as unknown as Image;
  const find = async (
    tags: readonly string[],
    logged: Readonly<Record<string, string>>,
    built: Readonly<Record<string, string>> = {},
  ) => {
    const never = () => Promise.reject(new Error('is not asked for'));
    const ports = {
      builds: {
        find: async (_: Image, ask: { by: string; revision: string }) =>
          ask.by === 'revision' && built[ask.revision]
            ? ask.revision
            : refuse('no-latest', { route: 'x' }),
        verify: async (_: Image, id: string) => ({ revision: id, builtAt: built[id] }),
        open: never,
      },
      registry: { tags: async () => tags, look: never, inspect: never },
      trees: { read: async () => ({ source: git, revision: 'ab'.repeat(20), files: [] }) },
      publishedTimes: async () => new Map(Object.entries(logged)),
    } as unknown as Parameters<typeof findDrift>[0]['ports'];
    const { signal } = new AbortController();
    return findDrift({ image: commits, ports, policy: undefined as never, signal });
  };

  it('is the one that our log published last, wherever its hash stands in the alphabet', async () => {
    const logged = { [old]: '2026-01-01T00:00:00.000Z', [young]: '2026-03-01T00:00:00.000Z' };
    for (const tags of [
      [old, middle, young],
      [young, middle, old],
    ]) {
      expect((await find(tags, logged)).published).toBe(young);
    }
  });

  it('is the youngest build’s where somebody published by hand after us', async () => {
    const logged = { [old]: '2026-01-01T00:00:00.000Z' };
    const built = { [middle]: '2026-02-01T00:00:00.000Z', [young]: '2026-03-01T00:00:00.000Z' };
    expect((await find([old, middle, young], logged, built)).published).toBe(young);
  });

  it('is none that is named where nothing tells', async () => {
    const drift = await find([old, middle, young], {});
    expect(drift.published).toEqual({ of: 3 });
    const text = JSON.stringify(driftMessage([drift]));
    expect(text).toContain('3 tags, and nothing tells which is the newest');
    expect(text).not.toContain(old);
  });
});

const pin = (tag: string) => `image: example/taskgraph:${tag}@${digest}\n`;

describe('an image that releases of its repository publish themselves', () => {
  const tags = [
    'decision-v24.1.1',
    'decision-v9.0.0',
    'decision-v24.10.0',
    'decision-latest',
    'run-task-v25.0.0',
    `decision-${'ab'.repeat(32)}`,
  ];

  it.each([
    ['decision-v24.10.0', { standing: 'newest' }],
    ['decision-v24.1.1', { standing: 'behind', by: { versions: 1 } }],
    ['decision-v9.0.0', { standing: 'behind', by: { versions: 2 } }],
    [`decision-${'cd'.repeat(32)}`, { standing: 'behind', by: undefined }],
  ])('has a pin of %s compared with the releases', async (tag, standing) => {
    const found = await drift(tags, pin(tag));
    expect(found.published).toBe('decision-v24.10.0');
    expect(found.trees[0]?.pins).toEqual([expect.objectContaining(standing)]);
  });

  it('is up to date with the newest release, and nothing else is offered', async () => {
    const message = driftMessage([await drift(tags, pin('decision-v24.10.0'))]);
    const text = JSON.stringify(message);
    expect(text).toContain('decision: up to date');
    expect(text).toContain('a pin follows the next release');
    expect(text).not.toContain('"promote"');
  });

  it('shows a tag that moves as what it is', async () => {
    const found = await drift(tags, 'image: example/taskgraph:decision-latest\n');
    expect(found.trees[0]?.pins).toEqual([
      { path: 'ci.yml', line: 1, from: 'example/taskgraph:decision-latest', standing: 'moving' },
    ]);
  });
});

it('an image that is only checked is offered to nobody, also where no release shows', async () => {
  for (const tags of [[], ['run-task-v24.1.1', 'run-task-v9.0.0', 'decision-v25.0.0']]) {
    const tag = { from: 'index-hash', prefix: 'run-task-' } as const;
    const only = { ...image, name: 'run-task', tag, check: 'only' } as const;
    const found = await drift(tags, pin('run-task-v9.0.0') + pin('decision-v1.0.0'), only);
    expect(JSON.stringify(driftMessage([found]))).not.toContain('"promote"');
    const pins = found.trees[0]?.pins;
    expect(pins).toEqual([
      expect.objectContaining(
        tags.length > 0 ? { standing: 'behind', by: { versions: 1 } } : { standing: 'unknown' },
      ),
    ]);
  }
});

it('without releases a pin is compared with builds alone', async () => {
  const found = await drift([`decision-${'ab'.repeat(32)}`], pin('decision-v1.0.0'));
  expect(found.byRelease).toBe(false);
  expect(found.trees[0]?.pins).toEqual([expect.objectContaining({ standing: 'unknown' })]);
});
