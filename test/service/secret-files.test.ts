import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config.ts';
import { loadConfig } from '../../src/service/load-config.ts';
import { readSecretFiles, secretNames, withoutSecrets } from '../../src/service/secret-files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-image-secrets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(content: string, name = 'secret'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

describe('a secret in a file', () => {
  it.each(secretNames)('is %s, without the line break at its end', async (name) => {
    for (const end of ['', '\n', '\r\n']) {
      const given = { [`${name}_FILE`]: await file(`a b${end}`) };
      expect(await readSecretFiles(given)).toMatchObject({ env: { [name]: 'a b' }, problems: [] });
    }
  });

  it('may stand beside a variable that is set to nothing', async () => {
    const given = { GITHUB_TOKEN: ' ', GITHUB_TOKEN_FILE: await file('x') };
    expect((await readSecretFiles(given)).env['GITHUB_TOKEN']).toBe('x');
  });

  it('is refused beside the variable itself', async () => {
    const given = { GITHUB_TOKEN: 'hidden', GITHUB_TOKEN_FILE: await file('hidden') };
    const { problems } = await readSecretFiles(given);
    expect(problems.map(formatProblem)).toEqual([
      `GITHUB_TOKEN_FILE: ${given.GITHUB_TOKEN_FILE} and GITHUB_TOKEN are both given: one of them is too much`,
    ]);
  });

  it('is refused with its path and never its content, where it can’t be used', async () => {
    const fifo = join(folder, 'fifo');
    await promisify(execFile)('mkfifo', [fifo]);
    const reasons = {
      [await file('\n', 'empty')]: 'is empty',
      [await file('hidden'.repeat(20_000), 'large')]: 'is larger than 65536 bytes',
      [fifo]: 'is no plain file',
      [folder]: 'is no plain file',
      [join(folder, 'missing')]: 'cannot be read (ENOENT)',
    };
    for (const [path, reason] of Object.entries(reasons)) {
      const { problems } = await readSecretFiles({ SLACK_SIGNING_SECRET_FILE: path });
      expect(problems.map(formatProblem)).toEqual([`SLACK_SIGNING_SECRET_FILE: ${path} ${reason}`]);
    }
  });

  it.each(['0123456789abcdef0123456789abcdef', 'xoxb-1-hidden', 'postgres://u:hid/den@h/db'])(
    'is not shown where it was given in place of its path: %s',
    async (secret) => {
      const { problems } = await readSecretFiles({ DATABASE_URL_FILE: secret });
      expect(problems.map(formatProblem)).toEqual(['DATABASE_URL_FILE: cannot be read (ENOENT)']);
    },
  );
});

it('is told once, with everything else that is wrong', async () => {
  const missing = join(folder, 'missing');
  const env = { SLACK_BOT_TOKEN_FILE: missing, SLACK_APP_TOKEN: 'xapp-1', PORT: 'x' };
  const loaded = await loadConfig(env);
  expect(loaded.ok ? [] : loaded.problems.map(formatProblem)).toEqual([
    `SLACK_BOT_TOKEN_FILE: ${missing} cannot be read (ENOENT)`,
    'PORT: "x" is not a port',
  ]);
});

it('needs no secret of Slack’s for operators, but the database’s', async () => {
  const SLACK_BOT_TOKEN_FILE = join(folder, 'missing');
  const DATABASE_URL_FILE = await file('sqlite:elsewhere\n');
  const loaded = await loadConfig({ SLACK_BOT_TOKEN_FILE, DATABASE_URL_FILE }, 'operator');
  expect(loaded.ok && loaded.value.environment.DATABASE_URL.reveal()).toBe('sqlite:elsewhere');
});

it('no other program gets the secrets, nor the way to them', () => {
  const env = {
    PATH: '/bin',
    SLACK_BOT_TOKEN: 'x',
    DATABASE_URL_FILE: '/y',
    SOPS_AGE_KEY_FILE: '/z',
  };
  expect(withoutSecrets(env)).toEqual({ PATH: '/bin', SOPS_AGE_KEY_FILE: '/z' });
});
