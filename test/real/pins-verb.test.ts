import { execa } from 'execa';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '../helpers/source/repository.ts';
import { cases, casesFolder } from '../helpers/real/shared-cases.ts';

let scratch: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  scratch = await temporaryFolder();
});
afterAll(() => scratch[Symbol.asyncDispose]());

/** The verb as an operator runs it, with the committed configuration and nothing else in the environment. */
function pins(args: readonly string[], config = 'config/promote-image.yml') {
  const env = { PATH: process.env['PATH'] ?? '', PROMOTE_IMAGE_CONFIG: resolve(config) };
  const run = ['run', '--silent', 'promote-image', '--', 'pins', ...args];
  return execa('npm', run, { env, extendEnv: false, reject: false, stripFinalNewline: false });
}

/** The image of the configuration that publishes there. */
function imageOf(publish: string): string {
  return publish === 'mozillareleases/taskgraph' ? 'decision' : publish.replace(/^.*\//, '');
}

async function filesIn(folder: string): Promise<Record<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const read = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map(async (file) => [file.slice(folder.length + 1), await readFile(file)]);
  return Object.fromEntries(await Promise.all(read));
}

/** A patch without what depends on how much of a hash is shown, and the name of a hunk’s surroundings. */
function edits(patch: string): string {
  return patch.replaceAll(/^index .*$/gm, 'index').replaceAll(/^(@@ .* @@).*$/gm, '$1');
}

describe('a bump that people made by hand', () => {
  it.each(cases)(
    'comes out byte for byte: $name, in a folder that is no checkout',
    async (bump) => {
      const folder = join(scratch.path, bump.name);
      await cp(join(casesFolder, bump.name, 'before'), folder, { recursive: true });
      const flag = bump.mercurialChanged ? ['--mercurial-changed'] : [];
      const words = ['--image', imageOf(bump.publish), '--new', bump.new, ...flag, folder];
      const first = await pins(words);
      expect(first).toMatchObject({
        exitCode: 0,
        stderr: expect.not.stringContaining('understand'),
      });
      expect(await filesIn(folder)).toEqual(await filesIn(join(casesFolder, bump.name, 'after')));
      const expected = await readFile(join(casesFolder, bump.name, 'expected.diff'), 'utf8');
      expect(edits(first.stdout)).toBe(edits(expected));

      const again = await pins(words);
      expect(again).toMatchObject({ exitCode: 0, stdout: '' });

      // The printed patch makes of the old files the new ones.
      const landed = join(scratch.path, `${bump.name}-landed`);
      await cp(join(casesFolder, bump.name, 'before'), landed, { recursive: true });
      await execa('git', ['apply'], { cwd: landed, input: first.stdout });
      expect(await filesIn(landed)).toEqual(await filesIn(folder));
    },
  );
});

describe('the verb', () => {
  const digest = `sha256:${'ab'.repeat(32)}`;
  const reference = `mozillareleases/gecko_decision:6.0.0@${digest}`;
  const words = (folder: string) => ['--image', 'gecko_decision', '--new', reference, folder];
  const pin = (tag: string) => `image: 'mozillareleases/gecko_decision:${tag}@${digest}'\n`;
  const cache = '"x-level-3-checkouts-sparse-v3": /builds/worker/checkouts\n';

  async function folderWith(name: string, files: Readonly<Record<string, string>>) {
    const folder = join(scratch.path, name);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return folder;
  }

  it('leaves the cache’s number unless Mercurial changed', async () => {
    const folder = await folderWith('cache', { 'a.yml': cache + pin('5.0.0') });
    await pins(words(folder));
    expect(await readFile(join(folder, 'a.yml'), 'utf8')).toBe(cache + pin('6.0.0'));
  });

  it('rewrites every text file below a folder, and what is version control’s own not', async () => {
    const hook = { '.git/hooks/x': pin('5.0.0'), '.hg/store/x': pin('5.0.0') };
    const folder = await folderWith('deep', { 'a/b c/d.yml': pin('5.0.0'), ...hook });
    const { stdout } = await pins(words(folder));
    expect(stdout).toContain('diff --git a/a/b c/d.yml b/a/b c/d.yml');
    const files = await filesIn(folder);
    expect(String(files['a/b c/d.yml'])).toBe(pin('6.0.0'));
    for (const path of Object.keys(hook)) expect(String(files[path])).toBe(pin('5.0.0'));
  });

  it('names the pins that it does not understand on stderr, and leaves them', async () => {
    const odd = 'image: mozillareleases/gecko_decision:${version}\n';
    const folder = await folderWith('odd', { 'a.yml': `x: 1\n${odd}` });
    const { stdout, stderr } = await pins(words(folder));
    expect(stdout).toBe('');
    expect(stderr).toContain('a.yml line 2 names mozillareleases/gecko_decision in a form that I');
    expect(await readFile(join(folder, 'a.yml'), 'utf8')).toBe(`x: 1\n${odd}`);
  });

  it.each([
    ['an image that is not configured', 1, ['--image', 'nope', '--new', reference, '.'], /nope/],
    ['a reference without digest', 1, ['--image', 'decision', '--new', 'a/b:1', '.'], /a\/b:1/],
    ['a folder that is not there', 1, words('/nowhere/at/all'), /nowhere/],
    ['no folder', 2, ['--image', 'decision', '--new', reference], /^Usage/],
    ['an option that does not exist', 2, [...words('.'), '--force'], /^Usage/],
  ] as const)('refuses %s with exit code %i', async (_, exitCode, args, says) => {
    const { stdout, stderr, ...ended } = await pins(args);
    expect(ended.exitCode).toBe(exitCode);
    expect(stdout).toBe('');
    expect(stderr).toMatch(says);
  });

  it('says what is wrong with the configuration', async () => {
    const config = join(scratch.path, 'wrong.yml');
    await writeFile(config, stringify({ images: {} }));
    const { exitCode, stderr } = await pins(words(scratch.path), config);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('slack: is missing');
  });
});
