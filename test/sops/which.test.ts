import { chmod, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSops, createSecrets } from '../../src/sops/secrets.ts';
import { sopsWorkspace, type SopsWorkspace } from '../helpers/sops/workspace.ts';

let workspace: SopsWorkspace;
beforeEach(async () => {
  workspace = await sopsWorkspace();
});
afterEach(() => workspace.close());

describe('which sops', () => {
  it('is the first program of that name on PATH; relative folders do not count', async () => {
    await workspace.withProgram('exit 0');
    await mkdir(join(workspace.folder, 'x/sops'), { recursive: true });
    const PATH = `.:${workspace.folder}/x:${workspace.folder}:/usr/bin`;
    const env = { ...workspace.options.env, PATH };
    const facts = await checkSops({ ...workspace.options, env });
    expect(facts).toMatchObject({ reason: 'sops-missing' });
    expect(inspect(facts)).toContain(`${workspace.folder}/sops does not tell its version`);
  });

  it.each([
    ['nowhere', async () => '/nonexistent'],
    [
      'not executable',
      async (folder: string) => {
        await writeFile(join(folder, 'sops'), '');
        return folder;
      },
    ],
    [
      'a folder',
      async (folder: string) => {
        await mkdir(join(folder, 'sops'));
        return folder;
      },
    ],
  ])('is refused: %s', async (_, prepare) => {
    const env = { ...workspace.options.env, PATH: await prepare(workspace.folder) };
    await expect(createSecrets({ ...workspace.options, env })()).rejects.toMatchObject({
      reason: 'sops-missing',
    });
  });

  it('is refused where anyone may replace it', async () => {
    const options = await workspace.withScript('exit 0');
    await chmod(options.sopsPath ?? '', 0o777);
    await expect(createSecrets(options)()).rejects.toThrow(/anyone on the machine may replace/);
  });

  it('is what a version manager’s shim stands for', async () => {
    const root = join(workspace.folder, '.pyenv');
    await mkdir(join(root, 'shims'), { recursive: true });
    await mkdir(join(root, 'bin'));
    const { sopsPath } = await workspace.withProgram(`echo 'sops 3.11.0'`);
    await writeFile(join(root, 'shims/sops'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const env = { ...workspace.options.env, PATH: `${root}/shims:/usr/bin:/bin` };
    const facts = () => checkSops({ ...workspace.options, env });

    expect(inspect(await facts())).toMatch(/shim that leads nowhere; put the folder/);
    await writeFile(
      join(root, 'bin/pyenv'),
      `#!/bin/sh\n[ "$1 $2" = 'which sops' ] && [ -z "$SOPS_AGE_KEY_FILE" ] && echo ${sopsPath}\n`,
      { mode: 0o755 },
    );
    expect(await facts()).toMatchObject({ binary: sopsPath, version: '3.11.0' });
  });

  it('is the next one where a shim leads nowhere', async () => {
    const shims = join(workspace.folder, '.asdf/shims');
    await mkdir(shims, { recursive: true });
    await writeFile(join(shims, 'sops'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const env = { ...workspace.options.env, PATH: `${shims}:${workspace.options.env['PATH']}` };
    expect(await checkSops({ ...workspace.options, env })).toMatchObject({
      binary: resolve('local/bin/sops'),
    });
  });
});

describe('its version', () => {
  const decrypts = `printf '{"hub":{"user":"u","token":"t"}}'`;
  const noted = 'echo "$@" >> "$0.args"; [ "$1" = --version ]';
  const asked = async () =>
    (await readFile(join(workspace.folder, 'sops.args'), 'utf8')).trim().split('\n');

  it.each([
    ['sops 3.8.1 (latest)', 'is 3.8.1, older than 3.9'],
    ['sops 2.0.10', 'is 2.0.10, older than 3.9'],
  ])('“%s” is refused before it gets the file', async (says, problem) => {
    const options = await workspace.withProgram(`${noted} && echo '${says}' && exit; ${decrypts}`);
    await expect(createSecrets(options)()).rejects.toMatchObject({
      reason: 'sops-missing',
      message: `sops cannot be run: ${options.sopsPath} ${problem}. An operator must install sops 3.9 or newer on the bot’s machine, then press Retry.`,
    });
    expect(await asked()).toEqual(['--version --disable-version-check']);
    expect(await checkSops(options)).toMatchObject({ reason: 'sops-missing' });
  });

  it.each([
    ['exit 51', /was changed after it was encrypted/],
    ['exit 128', /no key|key/],
    ['kill -SEGV $$', /SIGSEGV/],
    ['echo sop 3.11.0', /output that is not JSON/],
    ['sleep 5', /did not finish within 0\.5 s/],
  ])(
    'may be what the program cannot tell (%s): what it is told of is the decryption',
    async (script, told) => {
      const options = await workspace.withProgram(script, { timeoutMs: 500 });
      await expect(createSecrets(options)()).rejects.toThrow(told);
      expect(await checkSops(options)).toMatchObject({
        reason: 'sops-missing',
        facts: { problem: `${options.sopsPath} does not tell its version` },
      });
    },
  );

  it.each(['sops 3.9.0', 'sops 3.13.2 (latest)', 'sops 4.0.0'])('“%s” will do', async (says) => {
    const options = await workspace.withProgram(`${noted} && echo '${says}' && exit; ${decrypts}`);
    expect(await createSecrets(options)()).toMatchObject({ username: 'u' });
  });

  it('is asked once, and again where another sops has taken its place', async () => {
    const install = async (version: string) => {
      const says = `${noted} && echo 'sops ${version}' && exit; ${decrypts}`;
      const options = await workspace.withProgram(says);
      // As packages do that bring their own.
      await utimes(options.sopsPath ?? '', 0, 0);
      return options;
    };
    const count = async () => (await asked()).filter((line) => line.startsWith('--version')).length;
    const secrets = createSecrets(await install('3.11.0'));
    await secrets();
    await secrets();
    await secrets();
    expect(await count()).toBe(1);

    await install('3.8.1');
    await expect(secrets()).rejects.toThrow(/older than 3\.9/);
    await expect(secrets()).rejects.toThrow(/older than 3\.9/);
    expect(await count()).toBe(3);

    await install('3.12.0');
    await secrets();
    await secrets();
    expect(await count()).toBe(4);
  });

  it('is another’s where the one that was known is gone', async () => {
    const { sopsPath } = await workspace.withScript(decrypts);
    const PATH = `${workspace.folder}:${workspace.options.env['PATH']}`;
    const secrets = createSecrets({
      ...workspace.options,
      env: { ...workspace.options.env, PATH },
    });
    expect(await secrets()).toMatchObject({ username: 'u' });
    await rm(sopsPath ?? '');
    expect(await secrets()).toMatchObject({ username: 'relbot' });
  });

  it('is told by doctor, without decrypting', async () => {
    const facts = await checkSops(workspace.options);
    expect(facts).toMatchObject({ version: '3.11.0', keyTypes: ['age'] });
    await checkSops(await workspace.withProgram('echo "$@" >> "$0.args"; echo sops 3.10.2'));
    expect(await asked()).toEqual(['--version --disable-version-check']);
  });
});
