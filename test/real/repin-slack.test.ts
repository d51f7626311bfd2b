import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { people } from '../../local/seed.ts';
import { makeTree, type LocalTree } from '../../local/trees.ts';
import { startWorkspace, type Workspace } from '../../local/workspace.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { runGit } from '../helpers/source/repository.ts';
import { startDockerRegistry, type DockerRegistry } from '../../local/rig/docker-registry.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';
import { publishTools } from '../helpers/real/shell-and-tools.ts';

const mebibyte = 1024 ** 2;
const limits = { memory: 64 * mebibyte, disk: 16 * mebibyte, time: '3s' };

/** What each image’s command is. */
const scripts = {
  'build-decision': 'echo "b==2" >> requirements.txt; echo "$PWD" > where.txt',
  decision: 'echo "No matching distribution for b" >&2; exit 1',
  gecko_decision: 'while :; do sleep 60; done',
  // Where nobody used to look.
  image_builder:
    'mkdir ../.git; i=0; while :; do i=$((i+1)); head -c 8000000 /dev/zero > ../.git/f$i || exit 9; done',
};

let dockerd: Dockerd;
let published: DockerRegistry;
let tools: string;
let workspace: Workspace;
let requirements: LocalTree;
let scratch: string;
let bot: Awaited<ReturnType<Workspace['startBot']>>;

beforeAll(async () => {
  [dockerd, published, workspace] = await Promise.all([
    startDockerd(),
    startDockerRegistry(),
    startWorkspace(),
  ]);
  tools = await publishTools(dockerd.docker, `${published.host}/tools:1`);
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
  await published?.close();
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
  ['image_builder', 'fills the disk under .git', /wrote more than 16 MiB/],
] as const)('says why where %s’s command %s, and leaves nothing behind', async (image, _, why) => {
  const messages = workspace.slack.messages().length;
  expect(await repin(image)).toMatch(why);
  expect(workspace.slack.messages()).toHaveLength(messages);
  await expect.poll(() => readdir(scratch)).toEqual([]);
});

it('runs nothing for a guest, and nothing of a commit that only a pull request holds', async () => {
  const { slack } = workspace;
  const told = (who: string) => slack.ephemerals(who).map(reads).at(-1) ?? '';
  await slack.as(people.gus).command('/promote-image', 'repin build-decision');
  await slack.until(() => told(people.gus).includes('it is a guest'), 30_000);
  const git = async (...args: string[]) => (await runGit(requirements.folder, args)).trim();
  const evil = await git('commit-tree', 'HEAD^{tree}', '-p', 'HEAD', '-m', 'Evil');
  await git('update-ref', 'refs/pull/7/head', evil);
  await slack.as(people.alice).command('/promote-image', `repin build-decision ${evil}`);
  await slack.until(() => told(people.alice).includes(`${evil} is no commit of main`), 30_000);
  expect(slack.messages().filter(({ text }) => text.startsWith('Patch for'))).toHaveLength(1);
});

it('runs one at a time, fifteen asked for at once', async () => {
  const { slack } = workspace;
  const before = slack.ephemerals(people.bob).length;
  const told = () => slack.ephemerals(people.bob).slice(before).map(reads);
  const asking = Array.from({ length: 15 }, () =>
    slack.as(people.bob).command('/promote-image', 'repin decision'),
  );
  let most = 0;
  const watch = async (): Promise<void> => {
    most = Math.max(most, (await dockerd.docker.listContainers()).length);
  };
  await Promise.all(asking);
  await slack.until(
    () => told().filter((text) => text.includes('re-pins wait already')).length === 9,
    30_000,
  );
  const ended = () => told().filter((text) => text.includes('exit code 1')).length;
  await expect
    .poll(async () => (await watch(), ended()), { timeout: 60_000, interval: 50 })
    .toBe(6);
  expect(most).toBe(1);
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
