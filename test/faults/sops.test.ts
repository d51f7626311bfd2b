import { readdirSync, readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPolicy } from '../../src/config.ts';
import { createSecrets } from '../../src/sops/secrets.ts';
import { canary, sopsWorkspace, type SopsWorkspace } from '../helpers/sops/workspace.ts';

let workspace: SopsWorkspace;
beforeEach(async () => {
  workspace = await sopsWorkspace();
});
afterEach(() => workspace.close());

/** What the world learns of a failure: everything that could be logged or shown. */
async function failure(script: string, timeoutMs?: number) {
  const secrets = createSecrets(await workspace.withScript(script, { timeoutMs }));
  const error: unknown = await secrets().catch((thrown: unknown) => thrown);
  const seen = [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)].join();
  for (const form of ['utf8', 'base64', 'hex'] as const) {
    expect(seen).not.toContain(Buffer.from(canary).toString(form));
  }
  return error;
}

/** What runs with the mark in its arguments; a process that has ended has none any more, reaped or not. */
const alive = (mark: string) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(argumentsOf)
    .filter((line) => line.includes(mark));

const argumentsOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

const openPipes = () =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;

const leak = `echo '${canary}' >&2; printf '${canary}'`;

describe('each exit code has its own words', () => {
  /** Every exit code that sops has, by its source, and some that it has not. */
  const codes: Readonly<Record<string, readonly number[]>> = {
    'sops-failed': [
      1, 3, 4, 5, 6, 7, 8, 21, 23, 49, 61, 85, 91, 92, 112, 143, 200, 201, 202, 203, 255,
    ],
    'sops-file': [2, 100],
    'sops-tampered': [24, 25, 51, 52],
    'sops-no-key': [111, 128],
  };
  const words: Readonly<Record<string, RegExp>> = {
    'sops-failed':
      /^sops ended with exit code \d+\. An operator must run sops by hand to see why, then press Retry\.$/,
    'sops-file':
      /^The credentials file cannot be used: sops cannot read it\. An operator must look at `registry\.credentials\.file`, then press Retry\.$/,
    'sops-tampered':
      /^The credentials file was changed after it was encrypted\. An operator must restore it from its repository; nothing was decrypted\.$/,
    'sops-no-key':
      /^sops has no key for the credentials file\. An operator must give the bot its key \(e\.g\. SOPS_AGE_KEY_FILE\), then press Retry\.$/,
  };
  const cases = Object.entries(codes).flatMap(([reason, all]) =>
    all.map((code) => [code, reason] as const),
  );
  it.each(cases)('%i is %s', async (code, reason) => {
    const message = expect.stringMatching(words[reason] ?? /^$/);
    expect(await failure(`${leak}; exit ${code}`)).toMatchObject({ reason, message });
  });

  it('tells a signal from an exit code', async () => {
    expect(await failure(`${leak}; kill -SEGV $$`)).toMatchObject({
      reason: 'sops-failed',
      facts: { outcome: 'signal SIGSEGV' },
    });
    expect(await failure(`${leak}; exit 139`)).toMatchObject({
      facts: { outcome: 'exit code 139' },
    });
  });
});

describe('output that is not what was asked for', () => {
  const json = `{"hub":{"user":"${canary}","token":"${canary}"}}`;
  const noJson = 'sops ended with output that is not JSON. An operator must run sops by hand';
  const tooMuch = 'sops ended with more than 65536 bytes of output. An operator must run sops';
  const noText = (path: string) =>
    `The decrypted credentials have no text at ${path}. An operator must correct \`registry.credentials\` or the file.`;
  it.each([
    ['nothing', ':', 'sops-failed', noJson],
    ['text', `echo '${canary}'`, 'sops-failed', noJson],
    ['half of it', `printf '${json.slice(0, -1)}'`, 'sops-failed', noJson],
    ['two documents', `printf '${json}${json}'`, 'sops-failed', noJson],
    ['a NUL', `printf '${json}\\0'`, 'sops-failed', noJson],
    ['a byte order mark', `printf '\\357\\273\\277${json}'`, 'sops-failed', noJson],
    ['no UTF-8', `printf '{"hub":{"user":"\\377","token":"${canary}"}}'`, 'sops-failed', noJson],
    [
      'a key twice',
      `printf '{"hub":{"user":"a","user":"${canary}","token":"b"}}'`,
      'sops-failed',
      noJson,
    ],
    ['10 MB', `echo '${canary}'; head -c 10000000 /dev/zero`, 'sops-failed', tooMuch],
    ['a list', `printf '["${canary}"]'`, 'sops-shape', noText('hub.user')],
    ['null', 'printf null', 'sops-shape', noText('hub.user')],
    ['another document', `printf '{"hub":"${canary}"}'`, 'sops-shape', noText('hub.user')],
    [
      'a number',
      `printf '{"hub":{"user":"${canary}","token":1}}'`,
      'sops-shape',
      noText('hub.token'),
    ],
    [
      'an empty token',
      `printf '{"hub":{"user":"${canary}","token":""}}'`,
      'sops-shape',
      noText('hub.token'),
    ],
    [
      'a line break within',
      `printf '{"hub":{"user":"u","token":"${canary}\\\\nx"}}'`,
      'sops-shape',
      noText('hub.token'),
    ],
    [
      'two line breaks at the end',
      `printf '{"hub":{"user":"u","token":"${canary}\\\\n\\\\n"}}'`,
      'sops-shape',
      noText('hub.token'),
    ],
    [
      '__proto__',
      `printf '{"__proto__":{"hub":{"user":"u","token":"${canary}"}}}'`,
      'sops-shape',
      noText('hub.user'),
    ],
  ])('%s', async (_, script, reason, says) => {
    const message = expect.stringContaining(says);
    expect(await failure(script)).toMatchObject({ reason, message });
  });

  it('a flood on stderr does not matter', async () => {
    const script = `yes '${canary}' | head -c 20000000 >&2; printf '{"hub":{"user":"u","token":"t"}}'`;
    const { username } = await createSecrets(await workspace.withScript(script))();
    expect(username).toBe('u');
  });
});

describe('what cannot be run or is not what it was', () => {
  it('an interpreter that is not there is told as a missing sops', async () => {
    const options = await workspace.withScript('exit 0');
    await writeFile(options.sopsPath ?? '', '#!/nonexistent/sh\n');
    const error = await createSecrets(options)().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      reason: 'sops-missing',
      message: expect.stringMatching(/could not be started\. An operator must install sops/),
    });
  });

  it('a file that changes after it was checked: what was checked is decrypted', async () => {
    const before = await readFile(workspace.file, 'utf8');
    const good = `printf '{"hub":{"user":"u","token":"t"}}'`;
    const swap = `printf 'hub: evil' > '${workspace.file}'; for last; do :; done; cat "$last" > "$0.saw"`;
    const options = await workspace.withScript(`${swap}; ${good}`);
    await createSecrets(options)();
    expect(await readFile(workspace.file, 'utf8')).toBe('hub: evil');
    expect(await readFile(`${options.sopsPath}.saw`, 'utf8')).toBe(before);
  });

  it('no configuration makes sops look away from the MAC', async () => {
    for (const more of [{ args: ['--ignore-mac'] }, { ignoreMac: true }, { 'ignore-mac': true }]) {
      const credentials = { file: 'a.yml', username: 'u', password: 'p', ...more };
      const read = readPolicy(JSON.stringify({ registry: { credentials } }));
      const problems = read.ok ? [] : read.problems.map(({ path }) => path);
      expect(problems).toContainEqual(expect.stringMatching(/^registry\.credentials/));
    }
    const options = await workspace.withScript(
      `printf '%s\\n' "$@" > "$0.args"; printf '{"hub":{"user":"u","token":"t"}}'`,
    );
    await cp(workspace.file, join(workspace.folder, '--ignore-mac.yml'));
    const file = join(workspace.folder, '--ignore-mac.yml');
    await createSecrets({ ...options, file })();
    const args = (await readFile(`${options.sopsPath}.args`, 'utf8')).trim().split('\n');
    expect(args.filter((arg) => arg.startsWith('-'))).toEqual(['--output-type']);
  });
});

describe('a sops that hangs is ended with all its children', () => {
  let marks = 0;
  const mark = () => `9${process.pid}${(marks += 1)}`;

  it.each([
    ['before any output', (m: string) => `sleep ${m}`],
    ['after its output', (m: string) => `printf '{"hub":{"user":"u","token":"t"}}'; sleep ${m}`],
    ['ignoring SIGTERM', (m: string) => `trap '' TERM INT HUP; sleep ${m}; sleep ${m}`],
    ['waiting for a grandchild', (m: string) => `(sh -c 'sleep ${m}' & wait)`],
    ['with a grandchild that keeps stdout', (m: string) => `setsid sleep 2.${m} & exit 0`],
  ])('%s', async (_, script) => {
    const m = mark();
    const pipes = openPipes();
    const start = performance.now();
    expect(await failure(script(m), 700)).toMatchObject({
      reason: 'sops-timeout',
      message: 'sops did not finish within 0.7 s. The key service may be down: press Retry later.',
    });
    expect(performance.now() - start).toBeLessThan(1900);
    await expect.poll(openPipes, { timeout: 500 }).toBe(pipes);
    await expect.poll(() => alive(m), { timeout: 4000 }).toEqual([]);
  });

  it('a child left behind after success is ended too', async () => {
    const m = mark();
    const script = `sleep ${m} >/dev/null 2>&1 & printf '{"hub":{"user":"u","token":"t"}}'`;
    await createSecrets(await workspace.withScript(script))();
    await expect.poll(() => alive(m)).toEqual([]);
  });

  it('an overflow ends it at once', async () => {
    const m = mark();
    const start = performance.now();
    await failure(`yes '${canary}'; sleep ${m}`, 10_000);
    expect(performance.now() - start).toBeLessThan(5000);
    await expect.poll(() => alive(m)).toEqual([]);
  });
});
