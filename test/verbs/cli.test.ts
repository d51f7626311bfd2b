import { execa } from 'execa';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childEnvironment } from '../../local/rig/child.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const on = scenarios();
const cli = join(import.meta.dirname, '../../src/cli.ts');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-image-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a verb as an operator would, without Slack’s tokens. */
async function run(world: World, ...args: readonly string[]) {
  const { SLACK_BOT_TOKEN: _, SLACK_APP_TOKEN: __, ...env } = await childEnvironment(world.setup());
  const options = { env, extendEnv: false, reject: false, cwd: folder } as const;
  const { exitCode, stdout, stderr } = await execa(process.execPath, [cli, ...args], options);
  return { exitCode, stdout, stderr };
}

describe('the operators’ verbs', () => {
  it('plan prints the plan as JSON and does nothing; a refused build is exit 1 and one paragraph', async () => {
    const world = await on.start();
    const { revision, taskId } = await on.outside.build('build-decision');
    const done = await run(world, 'plan', 'build-decision', revision);
    expect(done).toMatchObject({ exitCode: 0, stderr: '' });
    const plan = JSON.parse(done.stdout) as { build: { taskId: string; checks: object[] } };
    expect(plan.build.taskId).toBe(taskId);
    expect(plan.build.checks.length).toBeGreaterThan(5);
    expect(world.writes()).toEqual([]);

    const level1 = await on.outside.build('build-decision', { level: 1 });
    const refused = await run(world, 'plan', 'build-decision', level1.taskId);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^Task .* belongs to scheduler releng-level-1.*main repository\.\n?$/,
    );
  });

  it('plan warns where the build is dropped before a request would end', async () => {
    const world = await on.start();
    const soon = new Date(Date.now() - (365 * 24 - 2) * 60 * 60 * 1000);
    const { revision } = await on.outside.build('build-decision', { created: soon });
    const done = await run(world, 'plan', 'build-decision', revision);
    const plan = JSON.parse(done.stdout) as { build: { expires: string }; warnings: object[] };
    const { expires } = plan.build;
    expect(plan.warnings).toContainEqual({ warning: 'expires-early', expires });
  });

  it('plan tells what is under the tag: published by us, as the log says, or found there and proven', async () => {
    const world = await on.start({ steadyTrees: true });
    const { revision } = await on.outside.build('build-decision');
    await world.propose(people.alice, `build-decision ${revision}`);
    await world.click(people.bob, 'approve');
    const done = await world.until('reported');
    const digest = done.state === 'reported' ? done.pushed.digest : 'none';
    const plan = async () => {
      const { stdout } = await run(world, 'plan', 'build-decision', revision);
      return (JSON.parse(stdout) as { tagNow: object }).tagNow;
    };
    expect(await plan()).toEqual({ state: 'published', digest });
    // Beside another database, or none, nobody knows that it was us.
    await world.stop();
    for (const name of await readdir(world.folder)) {
      if (name.includes('sqlite')) await rm(join(world.folder, name));
    }
    expect(await plan()).toEqual({ state: 'found', digest });
  });

  it('plan takes a taskId that begins with a hyphen for one, and any other such word for a mistake', async () => {
    const world = await on.start();
    const id = `-AAAAAAAQAC${'A'.repeat(11)}`;
    const unknown = await run(world, 'plan', 'build-decision', id);
    expect(unknown).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unknown.stderr).toContain(id);
    expect(await run(world, 'plan', '--verbose', 'latest')).toMatchObject({ exitCode: 2 });
    expect(await run(world, 'plan', 'build-decision', '--help')).toMatchObject({ exitCode: 2 });
  });

  it('plan takes a tag as --tag only: a third word is exit 2 with the line that is right', async () => {
    const world = await on.start();
    const { revision } = await on.outside.build('build-decision');
    const third = await run(world, 'plan', 'build-decision', revision, 'v1');
    expect(third).toMatchObject({ exitCode: 2, stdout: '' });
    expect(third.stderr).toContain(` plan build-decision ${revision} --tag v1`);
    const [, right = ''] = /-- (plan .*)$/.exec(third.stderr) ?? [];
    const done = await run(world, ...right.split(' '));
    expect(JSON.parse(done.stdout)).toMatchObject({ target: { tag: 'v1' } });
    const both = await run(world, 'plan', 'build-decision', revision, 'v1', '--tag', 'v2');
    expect(both).toMatchObject({ exitCode: 2, stdout: '' });
    const moving = await run(world, 'plan', 'build-decision', revision, '--tag', 'latest');
    expect(moving).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('cannot be pinned'),
    });
  });

  it('audit export and verify run beside the bot; a channel that saw another log is noticed', async () => {
    const world = await on.start();
    const { revision } = await on.outside.build('build-decision');
    await world.propose(people.alice, `build-decision ${revision}`);
    await world.click(people.alice, 'withdraw');
    await world.until('withdrawn');
    const exported = await run(world, 'audit', 'export');
    expect(exported.exitCode).toBe(0);
    // And one that no person caused: the bot’s own name.
    expect(exported.stdout).toContain('"kind":"introduced"');
    expect(exported.stdout.split('\n')).toHaveLength((await world.events()).length + 1);
    const channel = join(folder, 'channel.json');
    const messages = world.slack.exportChannel().flatMap((file) => file.messages);
    await writeFile(channel, JSON.stringify(messages));
    const sound = await run(world, 'audit', 'verify', '--channel', channel);
    expect(sound).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/sound: \d+ events, \d+ anchors of the channel agree/),
    });
    const text = await readFile(channel, 'utf8');
    await writeFile(
      channel,
      text.replaceAll(/audit (\d+):[0-9a-f]{16}/g, `audit $1:${'0'.repeat(16)}`),
    );
    const other = await run(world, 'audit', 'verify', '--channel', channel);
    expect(other).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/not the one that was written/),
    });
  });

  it('wrong words are exit 2 with the line that works; a wrong configuration is exit 1', async () => {
    const world = await on.start();
    expect(await run(world)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('check-config'),
    });
    expect(await run(world, 'promote')).toMatchObject({ exitCode: 2 });
    expect(await run(world, 'plan', 'build-decision')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('plan <image> <build>'),
    });
    expect(await run(world, 'check-config')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('sound'),
    });
    const broken = join(folder, 'broken.yml');
    await writeFile(broken, 'slack: {}\n');
    const env = { PROMOTE_IMAGE_CONFIG: broken, PATH: process.env['PATH'] ?? '' };
    const ended = await execa(process.execPath, [cli, 'check-config'], {
      env,
      extendEnv: false,
      reject: false,
    });
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain('slack.team: is missing');
    expect(ended.stderr).toContain('images: is missing');
  });
});
