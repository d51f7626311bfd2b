import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { formatProblem, readPolicy } from '../../src/config.ts';
import type { Policy } from '../../src/domain/policy.ts';

const committed = await readFile('config/promote-image.yml', 'utf8');

/** The committed policy with other keys on build-decision and on its first source of pins. */
function read({ image = {}, source = {} }: { readonly image?: object; readonly source?: object }) {
  const policy = parse(committed) as { images: Record<string, { pins: object[] }> };
  const before = policy.images['build-decision'];
  const pins = [{ ...before?.pins[0], ...source }];
  const images = { ...policy.images, 'build-decision': { ...before, pins, ...image } };
  return readPolicy(stringify({ ...policy, images }));
}

function accepted(given: Parameters<typeof read>[0]): Policy['images'][string] | undefined {
  const parsed = read(given);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.images['build-decision'];
}

const tools = `tools:1@sha256:${'ab'.repeat(32)}`;
const repin = { image: tools, command: ['make'], source: { git: 'https://example.com/r' } };

it('takes a tree’s own first line and reviewers, and the hook to try an image in', () => {
  const source = { message: 'No bug - Update it', reviewers: ['somebody', '#a-group!'] };
  const image = accepted({ source, image: { tryIn: 'group/a-cron-task/test-it' } });
  expect(image).toMatchObject({ tryIn: 'group/a-cron-task/test-it', pins: [source] });
});

it.each([
  [
    'Use {revision}',
    /images\.build-decision\.message: .* names \{revision\}, and .* \{tag\}, \{version\}, \{short\}/,
  ],
  ['Use {tag', /names \{tag, and/],
  ['Use tag}', /names \}, and/],
])('names the field whose first line names what there is not: %s', (message, problem) => {
  const parsed = read({ image: { message } });
  expect(parsed.ok ? [] : parsed.problems.map(formatProblem)).toEqual([
    expect.stringMatching(problem),
  ]);
});

it.each([
  ['a reviewer with a comma', { source: { reviewers: ['a,b'] } }],
  ['a reviewer with a line end', { source: { reviewers: ['a\nb'] } }],
  ['no reviewer', { source: { reviewers: [] } }],
  ['a first line of two lines', { source: { message: 'a\nb' } }],
  ['a hook that is no name', { image: { tryIn: 'group/a hook`' } }],
  ['a hook without its group', { image: { tryIn: 'test-it' } }],
  ['a tree’s first line that names what there is not', { source: { message: 'Use {Tag}' } }],
  ['a limit of nothing', { image: { repin: { ...repin, limits: { memory: 0 } } } }],
  ['a re-pin’s image by its tag alone', { image: { repin: { ...repin, image: 'tools:1' } } }],
  [
    'a re-pin’s image by half a digest',
    { image: { repin: { ...repin, image: tools.slice(0, -1) } } },
  ],
  ['a path out of the tree', { image: { repin: { ...repin, paths: ['../**'] } } }],
  ['no path at all', { image: { repin: { ...repin, paths: [] } } }],
  ['no processor', { image: { repin: { ...repin, limits: { processors: 0 } } } }],
  ['a limit that is no time', { image: { repin: { ...repin, limits: { time: 60 } } } }],
  ['a limit that does not exist', { image: { repin: { ...repin, limits: { cpu: 1 } } } }],
])('refuses %s', (_, given) => {
  expect(read(given).ok).toBe(false);
});

it('limits a re-pin where nothing is said, and otherwise as is said', () => {
  const gibibytes = 2 * 1024 ** 3;
  const counts = { processors: 2, processes: 512 };
  const usual = { memory: gibibytes, disk: gibibytes, time: 900_000, ...counts };
  expect(accepted({ image: { repin } })?.repin?.limits).toEqual(usual);
  const limits = { disk: 1000, time: '3s' };
  expect(accepted({ image: { repin: { ...repin, limits } } })?.repin?.limits).toEqual({
    memory: gibibytes,
    disk: 1000,
    time: 3000,
    ...counts,
  });
});

it('knows both ways of compressing, and refuses the one that an engine does not have', () => {
  const registryOf = (given: object) => {
    const policy = parse(committed) as { registry: object };
    return readPolicy(stringify({ ...policy, registry: { ...policy.registry, ...given } }));
  };
  const compression = 'adaptive';
  expect(registryOf({ compression })).toMatchObject({ value: { registry: { compression } } });
  const problems = [{ path: 'registry.compression' }];
  expect(registryOf({ compression, engine: 'docker' })).toMatchObject({ problems });
  expect(registryOf({ compression: 'none' })).toMatchObject({ ok: false });
});
