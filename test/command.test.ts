import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommand } from '../src/command.ts';
import { isRefusal } from '../src/errors.ts';
import type { Image, TagRule } from '../src/image.ts';

const rootUrl = 'https://tc.example.org';
const sha = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';
const task = 'KJ1Fz0vbQyWq8GZ7H3T4dA';

function image(name: string, tag: TagRule): Image {
  const repository = 'https://github.com/mozilla-releng/fxci-config';
  const build = {
    name,
    trustDomain: 'releng',
    project: 'fxci-config',
    workerPool: 'p/w',
    repository,
  };
  return { name, build, publish: `n/${name}`, formerly: [], tag, pins: [], message: 'm' };
}

const images = {
  'build-decision': image('build-decision', { from: 'revision' }),
  decision: image('decision', { from: 'index-hash', prefix: 'decision-' }),
};
const parse = (text: string) => parseCommand(text, { images, rootUrl });

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
    [`decision latest decision-x`, { tag: 'decision-x' }],
    [`decision latest bug 12`, { bug: 12, tag: undefined }],
    [`decision latest Bug #12`, { bug: 12 }],
    [
      `decision latest because it is time`,
      { because: 'it is time', tag: undefined, bug: undefined },
    ],
    [
      `decision latest decision-x bug 1 because a &amp; b`,
      { tag: 'decision-x', bug: 1, because: 'a & b' },
    ],
  ])('“%s” asks for a promotion', (text, ask) => {
    expect(parse(text)).toMatchObject({ do: 'promote', ask: { image: 'decision', ...ask } });
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
