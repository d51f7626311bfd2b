import { execa } from 'execa';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment } from '../../local/rig/child.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const on = scenarios();
const main = join(import.meta.dirname, '../../src/main.ts');

/** Starts the bot with something changed in its environment, and waits for its end. */
async function start(
  change: Readonly<Record<string, string | undefined>>,
  before: (world: World) => void = () => undefined,
) {
  const world = await on.start();
  before(world);
  const given = await childEnvironment(world.setup());
  const env: Record<string, string> = {
    DATABASE_URL: `sqlite:${join(world.folder, 'own.sqlite')}`,
  };
  for (const [name, value] of Object.entries({ ...given, ...env, ...change })) {
    if (value !== undefined) env[name] = value;
    else delete env[name];
  }
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main], {
    env,
    extendEnv: false,
    reject: false,
    timeout: 15_000,
  });
  return { world, exitCode, stdout, stderr };
}

/** Exit 1, told on stderr in words; never a stack trace, never a token. */
function expectPlain({ exitCode, stderr, world }: Awaited<ReturnType<typeof start>>): void {
  expect(exitCode).toBe(1);
  expect(stderr).not.toMatch(/^\s+at |node:internal/m);
  expect(stderr).not.toContain(world.slack.botToken);
  expect(stderr).not.toContain(world.slack.appToken);
}

describe('does not start', () => {
  it.each(['socket', 'http'])(
    'on a port that is taken, with Slack through %s',
    async (transport) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const http = { SLACK_APP_TOKEN: undefined, SLACK_SIGNING_SECRET: 'secret' };
      const ended = await start({ PORT: String(port), ...(transport === 'http' ? http : {}) });
      taken.close();
      expectPlain(ended);
      expect(ended.stderr).toContain(`Nothing can be listened for at 127.0.0.1:${port}`);
      expect(ended.stderr).toContain('Give another PORT or HOST');
    },
  );

  it('without the scope that shows whose an account is', async () => {
    const scopes = ['commands', 'chat:write', 'files:write', 'users:read', 'usergroups:read'];
    const ended = await start({}, ({ slack }) =>
      slack.grant([...scopes, 'channels:read', 'channels:history']),
    );
    expectPlain(ended);
    expect(ended.stderr).toContain('lacks scopes that it needs: users:read.email. Add them to the');
  });

  it('in a channel that another workspace is in', async () => {
    const ended = await start({}, ({ slack }) =>
      slack.changeChannel(slack.channel, { isShared: true }),
    );
    expectPlain(ended);
    expect(ended.stderr).toContain('C0IMAGES1 is not ours alone: another workspace is in it.');
  });

  it('on an environment and a policy that are wrong, and says everything at once', async () => {
    const file = join(on.outside.folder, 'wrong.yml');
    await writeFile(
      file,
      'slack: { team: nope }\nregistry: { url: http://example.org }\nselfApproval: true\n',
    );
    const ended = await start({
      SLACK_BOT_TOKEN: 'xoxp-something',
      SLACK_APP_TOKEN: undefined,
      LOG_LEVEL: 'loud',
      PROMOTE_IMAGE_CONFIG: file,
    });
    expectPlain(ended);
    for (const problem of [
      'SLACK_BOT_TOKEN: does not begin with xoxb-',
      'SLACK_APP_TOKEN: is missing',
      'LOG_LEVEL: "loud" is not one of',
      'slack.team: "nope" is not a Slack team id',
      'slack.channel: is missing',
      'registry.url: "http://example.org" must be https:',
      'approval: is missing',
      'selfApproval: is not a setting: check its spelling',
    ]) {
      expect(ended.stderr).toContain(problem);
    }
    expect(ended.stderr).not.toContain('xoxp-something');
  });

  it('without a policy file', async () => {
    const ended = await start({ PROMOTE_IMAGE_CONFIG: '/nowhere/promote-image.yml' });
    expectPlain(ended);
    expect(ended.stderr).toContain(
      'PROMOTE_IMAGE_CONFIG: /nowhere/promote-image.yml there is no such file',
    );
  });

  it('with a token that Slack does not know', async () => {
    const ended = await start({
      SLACK_BOT_TOKEN: 'xoxb-local-wrong',
      SLACK_APP_TOKEN: 'xapp-local-wrong',
    });
    expectPlain(ended);
    expect(ended.stderr).toMatch(/promote-image: Slack .*invalid_auth/);
  });

  it('on a database that another process is using', async () => {
    const ended = await start({
      DATABASE_URL: `sqlite:${join((await on.start({ child: {} })).folder, 'promote-image.sqlite')}`,
    });
    expectPlain(ended);
    expect(ended.stderr).toMatch(/Another process is using the database .*Stop that one first/);
  });
});
