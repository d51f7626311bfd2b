import { describe, expect, it } from 'vitest';
import { buildPolicyOf } from '../helpers/build-policy-of.ts';
import type { Image } from '../../src/domain/image.ts';
import { findPinned } from '../../src/flow/pinned.ts';
import type { Trees } from '../../src/ports.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const git = 'https://example.com/tree';

const decision: Image = {
  name: 'decision',
  build: buildPolicyOf(
    { name: 'decision', trustDomain: 'example', workerPool: 'example-3/images' },
    { project: 'example', repository: 'https://example.com/releases' },
  ),
  publish: 'example/taskgraph',
  formerly: [],
  tag: { from: 'index-hash', prefix: 'decision-' },
  pins: [{ git, branch: 'main', files: 'auto' }],
  message: 'chore: update the decision image',
};
const version = 'docker/decision/VERSION';
const versioned: Image = { ...decision, tag: { from: 'version-file', path: version } };

function treesOf(contents: Readonly<Record<string, string>>): { readonly trees: Trees } {
  const files = Object.entries(contents).map(([path, text]) => ({
    path,
    bytes: new Uint8Array(Buffer.from(text)),
    executable: false,
  }));
  const never = () => Promise.reject(new Error('only read is asked for'));
  const read = async () => ({ source: git, revision: 'ab'.repeat(20), files });
  return { trees: { read, file: never, rework: never, patch: never } };
}

function pinned(image: Image, tag: string, contents: Readonly<Record<string, string>>) {
  return findPinned({ image, ports: treesOf(contents), target: { name: image.publish, tag } });
}

describe('a tree that pins a tag of a release', () => {
  const pin = (tag: string) => `image: example/taskgraph:${tag}@${digest}\n`;
  const next = `decision-${'cd'.repeat(32)}`;

  it('is told of, once, with the repository whose releases publish such tags', async () => {
    const contents = {
      'a.yml': `x: 1\n${pin('decision-v24.1.1')}`,
      'b.yml': pin('decision-v24.1.1'),
    };
    const { warnings } = await pinned(decision, next, contents);
    expect(warnings).toEqual([
      {
        warning: 'released-tag',
        source: git,
        path: 'a.yml',
        line: 2,
        tag: 'decision-v24.1.1',
        repository: 'https://example.com/releases',
      },
    ]);
  });

  it.each([`decision-${'ef'.repeat(32)}`, 'decision-latest', 'decision-24.1.1'])(
    'is told from one that pins %s',
    async (tag) => {
      expect((await pinned(decision, next, { 'a.yml': pin(tag) })).warnings).toEqual([]);
    },
  );

  it('is nothing special where versions are the image’s own tags', async () => {
    const contents = { 'a.yml': pin('v5.0.0') };
    expect((await pinned(versioned, 'v5.1.0', contents)).warnings).toEqual([]);
  });

  it('pins the other image of the repository besides: that is not looked at', async () => {
    const contents = { 'a.yml': pin('run-task-v24.1.1') };
    const { pins, warnings } = await pinned(decision, next, contents);
    expect(pins).toEqual([]);
    expect(warnings).toEqual([{ warning: 'no-pins', source: git }]);
  });
});

describe('a VERSION file that the tree’s source lists', () => {
  it('is among what will change where it has to go up', async () => {
    const { pins } = await pinned(versioned, '5.1.0', { [version]: '5.0.0\n' });
    expect(pins).toEqual([{ source: git, path: version, line: 1, from: '5.0.0' }]);
  });

  it.each(['5.1.0\n', '5.2.0\n'])('is not where it says %j', async (text) => {
    expect((await pinned(versioned, '5.1.0', { [version]: text })).pins).toEqual([]);
  });
});

it('finds the pins of a prefix that is given by hand, and not the usual ones', async () => {
  const usual = `decision-${'ef'.repeat(32)}`;
  const other = `decision-mobile-${'ef'.repeat(32)}`;
  const contents = {
    'a.yml': `image: example/taskgraph:${usual}@${digest}\n`,
    'b.yml': `image: example/taskgraph:${other}@${digest}\n`,
  };
  const { pins } = await pinned(decision, `decision-mobile-${'cd'.repeat(32)}`, contents);
  expect(pins.map(({ path }) => path)).toEqual(['b.yml']);
});

describe('a tree that names the image by a tag that moves', () => {
  it('is told of, and is not said to pin it nowhere', async () => {
    const contents = { 'a.yml': 'image: example/taskgraph:decision-latest\n' };
    const { pins, warnings } = await pinned(decision, `decision-${'cd'.repeat(32)}`, contents);
    expect(pins).toEqual([]);
    const name = 'example/taskgraph:decision-latest';
    expect(warnings).toEqual([
      { warning: 'moving-tag', source: git, path: 'a.yml', line: 1, name },
    ]);
  });
});

describe('a pin in a path that no patch can name', () => {
  it('is told before anybody approves, and keeps the others from nothing', async () => {
    const pin = `image: example/taskgraph:decision-v1.0.0@${digest}\n`;
    const contents = { 'a\\b.yml': pin, 'c.yml': pin };
    const { pins, warnings } = await pinned(decision, `decision-${'cd'.repeat(32)}`, contents);
    expect(pins.map(({ path }) => path)).toEqual(['c.yml']);
    expect(warnings).toContainEqual({
      warning: 'pin-not-patchable',
      source: git,
      path: 'a\\b.yml',
      line: 1,
    });
  });
});
