import { describe, expect, it } from 'vitest';
import { pins } from '../../src/verbs/pins.ts';
import { Usage } from '../../src/verbs/verb.ts';

/** Runs the verb up to where it asks for the configuration. */
async function run(...args: readonly string[]): Promise<void> {
  const config = () => Promise.reject(new Error('asked for the configuration'));
  await pins({ args, config, env: {}, print: () => undefined, now: () => new Date() });
}

const reference = `mozillareleases/build-decision:main@sha256:${'1'.repeat(64)}`;

describe('the words of pins', () => {
  it.each([
    [['--image', 'build-decision', '--new', reference, 'tree']],
    [['tree', '--new', reference, '--mercurial-changed', '--image', 'build-decision']],
    [['--image=build-decision', `--new=${reference}`, 'tree']],
  ])('%j are understood', async (words) => {
    await expect(run(...words)).rejects.toThrow('asked for the configuration');
  });

  const given = ['--image', 'build-decision', '--new', reference];
  it.each([
    [['--nope', ...given, 'tree']],
    [['-x', ...given, 'tree']],
    [['tree', '--image']],
    [['--mercurial-changed=1', ...given, 'tree']],
    [[...given, 'tree', 'another']],
    [given],
    [['tree']],
  ])('%j are answered with the line that works', async (words) => {
    await expect(run(...words)).rejects.toThrow(Usage);
    await expect(run(...words)).rejects.toThrow('pins --image <image>');
  });
});
