import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { found, foundBelow } from '../helpers/faults/canary-watch.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const policy = fileURLToPath(new URL('../../config/promote-image.yml', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-image-canary-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const canary = `c4n4ry-${randomBytes(12).toString('hex')}`;
const sound = {
  SLACK_BOT_TOKEN: 'xoxb-none',
  SLACK_APP_TOKEN: 'xapp-none',
  SLACK_API_URL: 'http://127.0.0.1:9/api/',
};

/** A value in the wrong place or of the wrong form, with a secret in it. */
const wrong: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a bot token with a line break': { SLACK_BOT_TOKEN: `xoxb-${canary}\nx` },
  'a bot token with a blank': { SLACK_BOT_TOKEN: `xoxb- ${canary}` },
  'a bot token without its beginning': { SLACK_BOT_TOKEN: canary },
  'a bot token that no header can hold': { SLACK_BOT_TOKEN: `xoxb-${canary}\u{1f511}` },
  'the tokens in each other’s place': {
    SLACK_BOT_TOKEN: `xapp-${canary}`,
    SLACK_APP_TOKEN: `xoxb-${canary}`,
  },
  'a password in the address of Slack': { SLACK_API_URL: `https://u:${canary}@slack.example/` },
  'a token in the parameters of Slack’s address': {
    SLACK_API_URL: `ftp://slack.example/?token=${canary}`,
  },
  'a database that can’t be reached': { DATABASE_URL: `postgres://bot:${canary}@127.0.0.1:9/db` },
  'a database whose URL can’t be read': { DATABASE_URL: `postgres://bot:${canary}%zz@[::/db` },
  'a database with its password as a parameter': {
    DATABASE_URL: `postgres://127.0.0.1:9/db?user=bot&password=${canary}`,
  },
  'another kind of database': { DATABASE_URL: `mysql://bot:${canary}@127.0.0.1/db` },
  'a token as the port': { PORT: `xoxb-${canary}` },
  'a token as the level of the log': { LOG_LEVEL: `ghp_${canary.replaceAll('-', '')}` },
  'a password in the address of Docker': { DOCKER_HOST: `ftp://u:${canary}@127.0.0.1` },
  'a signing secret without a port': { SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: canary },
};

const { NODE_COMPILE_CACHE } = process.env;
/** Where `npm` has Node keep what it has compiled, no process need compile it again. */
const compiled = NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };

/** How it ends by itself, or when it has `said` something. */
async function ends(
  script: readonly string[],
  env: Readonly<Record<string, string>>,
  said?: string,
): Promise<{ readonly output: string; readonly exitCode: number | undefined }> {
  const child = execa(process.execPath, script, {
    env: {
      ...compiled,
      PATH: process.env['PATH'] ?? '',
      TMPDIR: folder,
      HOME: folder,
      ...sound,
      ...env,
    },
    extendEnv: false,
    cwd: folder,
    all: true,
    reject: false,
    timeout: 50_000,
  });
  let heard = '';
  child.all.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    if (said !== undefined && heard.includes(said)) child.kill();
  });
  const { all, exitCode } = await child;
  return { output: all, exitCode };
}

/** The canary as it stands in the variables, with and without its blank or hyphens. */
const canaries = { canary, 'canary without hyphens': canary.replaceAll('-', '') };

describe('a bot that can’t start tells no secret about', () => {
  it.each(Object.entries(wrong))('%s', async (_, env) => {
    const file = env['DATABASE_URL'] ? {} : { DATABASE_URL: `sqlite:${join(folder, 'a.sqlite')}` };
    const { output, exitCode } = await ends([main], {
      PROMOTE_IMAGE_CONFIG: policy,
      ...file,
      ...env,
    });
    expect(exitCode).toBe(1);
    expect(output).not.toBe('');
    expect(found(output, canaries)).toEqual([]);
    expect(await foundBelow(folder, canaries)).toEqual([]);
  });

  it('a bot token that Slack can’t be asked about, for which it waits', async () => {
    const env = {
      PROMOTE_IMAGE_CONFIG: policy,
      DATABASE_URL: `sqlite:${join(folder, 'a.sqlite')}`,
      SLACK_BOT_TOKEN: `xoxb-${canary}`,
    };
    const waits = 'Slack does not say who the bot is; it is tried again';
    const { output } = await ends([main], env, waits);
    expect(output).toContain(waits);
    expect(found(output, canaries)).toEqual([]);
    expect(await foundBelow(folder, canaries)).toEqual([]);
  });

  it.each([
    [
      'a password in the registry’s address',
      'url: https://registry',
      `url: https://u:${canary}@registry`,
    ],
    ['a password in a tree’s address', 'git: https://', `git: https://u:${canary}@`],
    ['a token in place of a name', 'engine: registry', `engine: dckr_pat_${canary}`],
  ])('%s in the policy', async (_, from, to) => {
    const text = `slack: { team: T1, channel: C1 }
approval: { approvers: { users: [U1] } }
taskcluster: { rootUrl: https://tc.example, chainOfTrustKeys: [Kz/aZIVeR6NP8gQU1U+2CCIZqvbd+4QCP6J63lflwik=] }
registry:
  url: https://registry.example
  engine: registry
  credentials: { file: a.yml, username: a, password: b }
images:
  a:
    build: { name: a, trustDomain: a, project: a, workerPool: a/b, repository: https://git.example/a }
    publish: a/a
    tag: { from: revision }
    message: a
    pins:
      - git: https://git.example/a
`;
    expect(text).toContain(from);
    const file = join(await mkdtemp(join(tmpdir(), 'promote-image-policy-')), 'policy.yml');
    await writeFile(file, text.replace(from, to));
    const env = { PROMOTE_IMAGE_CONFIG: file, DATABASE_URL: `sqlite:${join(folder, 'a.sqlite')}` };
    for (const script of [[main], [cli, 'check-config']]) {
      const { output, exitCode } = await ends(script, env);
      expect(exitCode).not.toBe(0);
      expect(found(output, canaries)).toEqual([]);
    }
  });
});
