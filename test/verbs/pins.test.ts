import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/service/load-config.ts';
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

describe('a folder in which nothing is moved', () => {
  const told: string[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    told.length = 0;
  });

  async function pinsOf(text: string): Promise<string> {
    vi.spyOn(process.stderr, 'write').mockImplementation((line) => told.push(String(line)) > 0);
    const folder = await mkdtemp(join(tmpdir(), 'promote-image-pins-'));
    await writeFile(join(folder, 'ci.yml'), text);
    const config = async () => {
      const loaded = await loadConfig({}, 'operator');
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
      return loaded.value;
    };
    const to = `mozillareleases/taskgraph:decision-${'1'.repeat(64)}@sha256:${'1'.repeat(64)}`;
    const args = ['--image', 'decision', '--new', to, folder];
    await pins({ args, config, env: process.env, print: fail, now: () => new Date() });
    await rm(folder, { recursive: true });
    return told.join('');
  }

  function fail(text: string): never {
    throw new Error(`nothing is printed, but it was: ${text}`);
  }

  it.each([
    [
      'image: mozillareleases/taskgraph:run-task-v24.1.1\n',
      'Only other images of mozillareleases/taskgraph are pinned there',
    ],
    ['image: something/else:1\n', 'mozillareleases/taskgraph is pinned nowhere there'],
    [
      'image: mozillareleases/taskgraph:decision-latest\n',
      'ci.yml line 1 names mozillareleases/taskgraph:decision-latest, a tag that moves',
    ],
  ])('says why: %s', async (text, why) => {
    expect(await pinsOf(text)).toContain(why);
  });
});
