import { describe, expect, it } from 'vitest';
import { readWords, Usage } from '../../src/verbs/verb.ts';

const given = { options: ['--image', '--new'], flags: ['--mercurial-changed'], usage: 'pins …' };

describe('words of a verb', () => {
  it('are options with their values, flags, and the rest', () => {
    const words = ['--image', 'decision', 'folder', '--new=a=b', '--mercurial-changed'];
    const { values, set, rest } = readWords(words, given);
    expect(values).toEqual({ '--image': 'decision', '--new': 'a=b' });
    expect([...set]).toEqual(['--mercurial-changed']);
    expect(rest).toEqual(['folder']);
  });

  it.each([['--nope'], ['-x'], ['--image'], ['--new=a', '--mercurial-changed=1']])(
    '%s are answered with the line that works',
    (...words) => {
      expect(() => readWords(words, given)).toThrow(Usage);
      expect(() => readWords(words, given)).toThrow('pins …');
    },
  );
});
