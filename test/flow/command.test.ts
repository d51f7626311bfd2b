import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildPolicyOf } from '../helpers/build-policy-of.ts';
import { parseCommand } from '../../src/flow/command.ts';
import { promotableNames, type Image, type TagRule } from '../../src/domain/image.ts';
import { isRefusal } from '../../src/domain/errors.ts';

const rootUrl = 'https://tc.example.org';
const sha = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';
const task = 'KJ1Fz0vbQyWq8GZ7H3T4dA';

function image(name: string, tag: TagRule): Image {
  const repository = 'https://github.com/mozilla-releng/fxci-config';
  const build = buildPolicyOf(
    { name, trustDomain: 'releng', workerPool: 'p/w' },
    { project: 'fxci-config', repository },
  );
  return { name, build, publish: `n/${name}`, formerly: [], tag, pins: [], message: 'm' };
}

const images = {
  'build-decision': image('build-decision', { from: 'revision' }),
  decision: image('decision', { from: 'index-hash', prefix: 'decision-' }),
};
const checked = {
  ...image('run-task', { from: 'index-hash', prefix: 'run-task-' }),
  check: 'only',
} as const;
const parse = (text: string) => parseCommand(text, { images, rootUrl });

it.each(['\u200b', '\u2060', '\u200e', '\u00ad', '\u{e0020}'])(
  'what nobody sees around a word (%j) came along when it was copied, and changes nothing',
  (unseen) => {
    const command = parse(`build-decision ${sha} tag v1 because of it`);
    expect(command).toMatchObject({ do: 'promote' });
    for (const line of [
      `build-decision ${unseen}${sha}${unseen} tag v1${unseen} because of it`,
      `${unseen}build-decision${unseen} ${sha.slice(0, 7)}${unseen}${sha.slice(7)} tag v1 because of it`,
    ]) {
      expect(parse(line)).toEqual(command);
    }
  },
);

it('an image that is only checked is not promoted, by no line, and can be checked', () => {
  const known = { images: { ...images, 'run-task': checked }, rootUrl };
  for (const line of ['run-task latest', `run-task ${sha} tag run-task-v1.0`, `run-task ${task}`]) {
    expect(parseCommand(line, known)).toMatchObject({
      reason: 'check-only',
      facts: { example: '/promote-image check run-task' },
    });
  }
  expect(parseCommand('check run-task', known)).toEqual({ do: 'check', image: 'run-task' });
  expect(promotableNames(known)).toEqual(['build-decision', 'decision']);
});

describe('a line', () => {
  it.each([
    ['', { do: 'form' }],
    ['   ', { do: 'form' }],
    ['Help', { do: 'help' }],
    ['status', { do: 'status', id: undefined }],
    ['status p1', { do: 'status', id: 'p1' }],
    ['history', { do: 'history' }],
    ['history decision', { do: 'history', image: 'decision' }],
    ['withdraw p1', { do: 'withdraw', id: 'p1' }],
    ['check', { do: 'check' }],
    ['check decision', { do: 'check', image: 'decision' }],
    ['repin build-decision', { do: 'repin', image: 'build-decision', reference: undefined }],
  ])('“%s” is understood', (text, command) => {
    expect(parse(text)).toEqual(command);
  });

  it.each([
    [`decision latest`, { build: { by: 'latest' } }],
    [`  decision   LATEST  `, { build: { by: 'latest' } }],
    [`decision ${sha}`, { build: { by: 'revision', revision: sha } }],
    [`decision ${task}`, { build: { by: 'task', taskId: task } }],
    [`decision <${rootUrl}/tasks/${task}|${task}>`, { build: { by: 'task', taskId: task } }],
    [`decision <${rootUrl}/tasks/${task}>`, { build: { by: 'task', taskId: task } }],
    [`decision latest tag decision-x`, { tag: 'decision-x', bug: undefined, because: undefined }],
    [`decision latest bug 12`, { bug: 12, tag: undefined }],
    [`decision latest Bug #12`, { bug: 12 }],
    [`decision latest for bug 12`, { bug: 12, tag: undefined, because: undefined }],
    [`decision latest bug12`, { bug: 12, tag: undefined }],
    [`decision latest BUG 12: Tag decision-X`, { bug: 12, tag: 'decision-X' }],
    [`decision latest bug 12 tag decision-x because x`, { bug: 12, tag: 'decision-x' }],
    [
      `decision latest because tag decision-x is bad, bug 12`,
      { because: 'tag decision-x is bad, bug 12', tag: undefined, bug: undefined },
    ],
    [
      `decision latest because it is time`,
      { because: 'it is time', tag: undefined, bug: undefined },
    ],
    [
      `decision latest tag decision-x bug 1 because a &amp; b`,
      { tag: 'decision-x', bug: 1, because: 'a & b' },
    ],
  ])('“%s” asks for a promotion', (text, ask) => {
    expect(parse(text)).toMatchObject({ do: 'promote', ask: { image: 'decision', ...ask } });
  });

  it.each([
    ['for', 'decision latest'],
    ['decision-x', 'decision latest'],
    ['decision-1', 'decision latest', 'decision latest tag decision-1'],
    ['for bug 12 decision-1', 'decision latest bug 12', 'decision latest tag decision-1 bug 12'],
    [
      'decision-1 because it is',
      'decision latest because it is',
      'decision latest tag decision-1 because it is',
    ],
    ['Bug 12 - new Mercurial', 'decision latest bug 12 because new Mercurial'],
    ['the hooks need it bug 12', 'decision latest bug 12 because the hooks need it'],
    ['soon bug 12 because a `b` c', 'decision latest bug 12 because a `b` c'],
    ['tag', 'decision latest'],
    ['tag because it is time', 'decision latest because it is time'],
    ['tag bug 12', 'decision latest bug 12'],
    ['tag decision-1 tag decision-2', 'decision latest tag decision-1'],
    ['tag decision-1 decision-2', 'decision latest tag decision-1'],
    ['tag v1 now', 'decision latest'],
    ['bug 12 bug 13', 'decision latest bug 12'],
    ['bug 123456789', 'decision latest because bug 123456789'],
    ['tag: decision-1', 'decision latest because tag: decision-1'],
    ['tag=decision-1', 'decision latest'],
  ])('with “%s” behind the build is refused with the line that is right', (behind, ...lines) => {
    const parsed = parse(`decision latest ${behind}`);
    if (!isRefusal(parsed)) throw new Error('It was understood');
    const { example, tagged } = parsed.facts;
    expect([example, tagged].filter(Boolean)).toEqual(
      lines.map((line) => `/promote-image ${line}`),
    );
    const next = lines.map((line) => parse(line));
    expect(next.filter(isRefusal)).toEqual([]);
  });

  it('asks for a tag only where it says so, and for that one', () => {
    const clause = fc.constantFrom(
      'tag decision-1',
      'Tag decision-x',
      'bug 12',
      'for bug 1',
      'bug12',
    );
    const word = fc.constantFrom('tag', 'for', 'bug', 'because', '12', 'decision-2', 'now', '-');
    const blank = fc.constantFrom(' ', '  ', '\t', '\n');
    const part = fc.oneof(
      { weight: 6, arbitrary: clause },
      { weight: 2, arbitrary: word },
      fc.string(),
    );
    const typed = fc.array(fc.tuple(part, blank), { maxLength: 6 });
    let tags = 0;
    fc.assert(
      fc.property(typed, (parts) => {
        const behind = parts.flat().join('');
        const parsed = parse(`decision latest ${behind}`);
        const { tag } = isRefusal(parsed) || parsed.do !== 'promote' ? {} : parsed.ask;
        if (tag === undefined) return;
        tags += 1;
        const before = behind.split(/(?<!\S)because(?!\S)/i)[0]?.split(/\s+/) ?? [];
        const named = before.flatMap((one, at) => (/^tag$/i.test(one) ? [before[at + 1]] : []));
        expect(named).toContain(tag);
      }),
      { numRuns: 2000 },
    );
    expect(tags).toBeGreaterThan(100);
  });

  it('of any text is a command or a refusal with a line that works', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' })),
        fc.constantFrom('', 'decision ', 'decision latest '),
        (text, start) => {
          const parsed = parse(`${start}${text}`);
          if (!isRefusal(parsed)) return;
          const { example } = parsed.facts;
          if (example === undefined) return;
          const next = parse(example.replace('/promote-image ', '').replace('<id>', 'p1'));
          expect(isRefusal(next)).toBe(false);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('keeps within its time however long a word is', () => {
    // The processor's time, and the best of three: what else the machine does is no matter of the parser's.
    const times = [1, 2, 3].map(() => {
      const from = process.cpuUsage();
      parse(`decision latest ${'a '.repeat(20_000)}`);
      parse(`decision ${'<https://'.repeat(5000)}`);
      parse(`decision ${'<https://a|'.repeat(5000)}`);
      parse('x'.repeat(100_000));
      return process.cpuUsage(from).user / 1000;
    });
    expect(Math.min(...times)).toBeLessThan(500);
  });
});
