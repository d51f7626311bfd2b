import { execa } from 'execa';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** The project's own lint rules on a file that imports this: what they say. */
async function lint(name: string, from: string): Promise<string> {
  const file = join(folder, 'src', name);
  await writeFile(file, `import { thing } from '${from}';\nexport const other = thing;\n`);
  const program = resolve('node_modules/.bin/oxlint');
  const { stdout } = await execa(program, [join('src', name)], { cwd: folder, reject: false });
  await rm(file);
  return stdout;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-image-walls-'));
  await mkdir(join(folder, 'src'));
  const config = JSON.parse(await readFile('.oxlintrc.json', 'utf8')) as { options: object };
  const { $schema: _, ...rules } = config as typeof config & { $schema: string };
  // Types are not needed for a wall, and take their time.
  await writeFile(join(folder, '.oxlintrc.json'), JSON.stringify({ ...rules, options: {} }));
});
afterAll(() => rm(folder, { recursive: true }));

const wall = /The core imports no client library and no adapter/;

it.each([
  './registry/registry.ts',
  './taskcluster/builds.ts',
  './archive/archive.ts',
  './packing/thread.ts',
  './docker/engine.ts',
  './sops/secrets.ts',
  './source/trees.ts',
  './slack/app.ts',
  './store/store.ts',
  './net/addresses.ts',
  './service/log.ts',
  './verbs/plan.ts',
  './composition.ts',
  'node:fs/promises',
  'node:child_process',
  '@slack/bolt',
  'execa',
  'pg',
])('the core may not import %s', async (from) => {
  expect(await lint('work.ts', from)).toMatch(wall);
});

it.each(['./plan.ts', './pins/tag.ts', 'node:crypto', 'node:timers/promises', 'zod'])(
  'the core may import %s',
  async (from) => {
    expect(await lint('work.ts', from)).not.toMatch(wall);
  },
);

it('the roots may import anything', async () => {
  for (const root of ['main.ts', 'cli.ts', 'composition.ts']) {
    expect(await lint(root, './registry/registry.ts')).not.toMatch(wall);
  }
});
