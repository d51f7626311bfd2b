import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { people } from '../../local/seed.ts';
import { makeTree, type LocalTree } from '../../local/trees.ts';
import { startWorkspace, type Workspace } from '../../local/workspace.ts';
import { reads } from '../scenarios/reading.ts';
import { runGit } from '../source/repository.ts';
import { startDockerd, type Dockerd } from './dockerd.ts';
import { importTools } from './shell-and-tools.ts';

const tools = 'example/tools:1';
const mebibyte = 1024 ** 2;
const limits = { memory: 64 * mebibyte, disk: 16 * mebibyte, time: '3s' };

/** What each image’s command is. */
const scripts = {
  'build-decision': 'echo "b==2" >> requirements.txt; echo "$PWD" > where.txt',
  decision: 'echo "No matching distribution for b" >&2; exit 1',
  gecko_decision: 'while :; do sleep 60; done',
  image_builder: 'cat /dev/zero > big; cat /dev/zero > bigger',
};

let dockerd: Dockerd;
let workspace: Workspace;
let requirements: LocalTree;
let scratch: string;
let bot: Awaited<ReturnType<Workspace['startBot']>>;

beforeAll(async () => {
  [dockerd, workspace] = await Promise.all([startDockerd(), startWorkspace()]);
  await importTools(dockerd.docker, tools);
  const files = { 'docker/requirements.txt': 'a==1\n', 'docker/where.txt': '?\n' };
  requirements = await makeTree(join(workspace.folder, 'requirements'), files);
  scratch = join(workspace.folder, 'scratch');
  await mkdir(scratch);
  await configure();
  Object.assign(workspace.env, { DOCKER_HOST: dockerd.host, TMPDIR: scratch });
  bot = await workspace.startBot();
});

afterEach(async () => {
  expect(await dockerd.docker.listContainers({ all: true })).toEqual([]);
  expect((await dockerd.docker.listVolumes()).Volumes ?? []).toEqual([]);
});

afterAll(async () => {
  await bot?.stop();
  await workspace?.close();
  await dockerd?.close();
});

/** Puts the commands into the policy file that the bot is going to read. */
async function configure(): Promise<void> {
  const file = join(workspace.folder, 'promote-image.yml');
  const policy = parse(await readFile(file, 'utf8')) as { images: Record<string, object> };
  for (const [name, script] of Object.entries(scripts)) {
    const source = { git: requirements.url, branch: 'main' };
    const command = ['/bin/sh', '-c', script];
    const repin = { image: tools, command, source, workdir: 'docker', limits };
    policy.images[name] = { ...policy.images[name], repin };
  }
  await writeFile(file, stringify(policy));
}

/** Asks for a re-pin and gives what only alice is told about its end. */
async function repin(image: keyof typeof scripts): Promise<string> {
  const { slack } = workspace;
  const told = () => slack.ephemerals(people.alice).map(reads);
  const before = told().length;
  await slack.as(people.alice).command('/promote-image', `repin ${image}`);
  return slack.until(
    () =>
      told()
        .slice(before)
        .find((text) => !text.startsWith('Re-pinning')),
    30_000,
  );
}

it('posts the patch of what the command changed, and it lands', async () => {
  const { slack } = workspace;
  await slack.as(people.alice).command('/promote-image', 'repin build-decision');
  await slack.until(
    () => slack.messages().find(({ text }) => text.startsWith('Patch for')),
    30_000,
  );
  const [file] = slack.messages().flatMap(({ files = [] }) => files);
  const patch = slack.file(file?.id ?? '')?.bytes?.toString() ?? '';
  await writeFile(join(workspace.folder, 'repin.patch'), patch);
  await runGit(requirements.folder, ['am', '--quiet', join(workspace.folder, 'repin.patch')]);
  const read = (name: string) => readFile(join(requirements.folder, 'docker', name), 'utf8');
  expect(await read('requirements.txt')).toBe('a==1\nb==2\n');
  expect(await read('where.txt')).toBe('/checkout/docker\n');
  const message = await runGit(requirements.folder, ['log', '-1', '--format=%s']);
  expect(message.trim()).toBe('chore: update the requirements of build-decision');
  await expect.poll(() => readdir(scratch)).toEqual([]);
});

it.each([
  ['decision', 'fails', /ended with exit code 1: No matching distribution for b\. Run it by hand/],
  ['gecko_decision', 'hangs', /it took longer than 3 s/],
  ['image_builder', 'fills the disk', /wrote more than 16 MiB|ended with exit code \d+/],
] as const)('says why where %s’s command %s, and leaves nothing behind', async (image, _, why) => {
  const messages = workspace.slack.messages().length;
  expect(await repin(image)).toMatch(why);
  expect(workspace.slack.messages()).toHaveLength(messages);
  await expect.poll(() => readdir(scratch)).toEqual([]);
});

it('removes the container of a bot that was killed, at the next re-pin', async () => {
  const { slack } = workspace;
  await slack.as(people.alice).command('/promote-image', 'repin gecko_decision');
  const running = () => dockerd.docker.listContainers();
  await expect.poll(running, { timeout: 20_000 }).toHaveLength(1);
  bot.child.kill('SIGKILL');
  await once(bot.child, 'exit');
  expect(await running()).toHaveLength(1);
  bot = await workspace.startBot();
  const isTold = () =>
    slack
      .ephemerals(people.alice)
      .some((one) =>
        reads(one).startsWith('The bot was stopped while it re-pinned gecko_decision'),
      );
  await slack.until(isTold, 30_000);
  expect(await repin('decision')).toMatch(/exit code 1/);
});
