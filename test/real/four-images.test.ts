import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishBuild } from '../../local/builds.ts';
import { hasButton } from '../../local/demo.ts';
import { imageArtifact, sampleImage } from '../../local/images.ts';
import { people } from '../../local/seed.ts';
import type { Message } from '../../local/slack/things.ts';
import { startWorkspace, type Workspace } from '../../local/workspace.ts';
import { reads } from '../helpers/scenarios/reading.ts';
import { runGit } from '../helpers/source/repository.ts';
import { hg, serveHg } from '../helpers/real/hg.ts';

let gecko: Awaited<ReturnType<typeof serveHg>>;
let workspace: Workspace;
let bot: Awaited<ReturnType<Workspace['startBot']>>;

beforeAll(async () => {
  gecko = await serveHg('mozilla-central');
  const server = { url: () => gecko.url, commit: (_: string, files: Files) => gecko.commit(files) };
  workspace = await startWorkspace({ hg: server });
  bot = await workspace.startBot();
});

afterAll(async () => {
  await bot?.stop();
  await workspace?.close();
  await gecko?.[Symbol.asyncDispose]();
});

type Files = Parameters<typeof gecko.commit>[0];

/** What the channel shows of a promotion that a second person approved. */
interface Promoted {
  /** The card while it waited for the approval. */
  readonly card: string;
  readonly thread: string;
  /** `name:tag@sha256:…` */
  readonly reference: string;
  /** By the tree’s name. */
  readonly patches: Readonly<Record<string, string>>;
}

/** Asks as alice; gives the card once it can be approved. */
async function propose(line: string): Promise<Message> {
  const { slack } = workspace;
  // An older card may still show its buttons for a moment.
  const before = new Set(slack.messages().map(({ ts }) => ts));
  await slack.as(people.alice).command('/promote-image', line);
  const isIt = (one: Message): boolean => !before.has(one.ts) && hasButton(one, 'approve');
  return slack.until(() => slack.messages().find(isIt), 60_000);
}

async function promote(line: string, trees: readonly string[]): Promise<Promoted> {
  const { slack } = workspace;
  const { ts, ...card } = await propose(line);
  const asked = reads({ ts, ...card });
  await slack.as(people.bob).click(ts, 'approve');
  const patches = await slack.until(() => patchesIn(ts, trees.length), 60_000);
  expect(Object.keys(patches).toSorted()).toEqual(trees.toSorted());
  const thread = slack.thread(ts).map(reads).join('\n');
  const [reference = ''] = /mozillareleases\/\S+:\S+@sha256:[0-9a-f]{64}/.exec(thread) ?? [];
  return { card: asked, thread, reference, patches };
}

/** The patches of a thread by tree, once that many are there. */
function patchesIn(thread: string, count: number): Record<string, string> | undefined {
  const { slack } = workspace;
  const files = slack.thread(thread).flatMap((message) => message.files ?? []);
  const patches = files.map(({ id, name }) => [
    /(fxci-config|taskgraph|mozilla-central)\.patch$/.exec(name)?.[1] ?? name,
    slack.file(id)?.bytes?.toString() ?? '',
  ]);
  return patches.length < count ? undefined : Object.fromEntries(patches);
}

/** Every tracked file of a tree at its tip. */
async function filesOf(tree: string): Promise<Record<string, string>> {
  const isHg = tree === 'mozilla-central';
  const folder = isHg ? gecko.folder : join(workspace.folder, tree);
  const listed = isHg ? await hg(folder, ['files']) : await runGit(folder, ['ls-files']);
  const paths = listed.trim().split('\n').toSorted();
  const read = paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8')]);
  return Object.fromEntries(await Promise.all(read));
}

/** Lands the patch as a person would, and gives every file before and after, and the commit’s message. */
async function land(tree: string, patch: string) {
  const before = await filesOf(tree);
  const file = join(workspace.folder, `${tree}.patch`);
  await writeFile(file, patch);
  const isHg = tree === 'mozilla-central';
  const folder = isHg ? gecko.folder : join(workspace.folder, tree);
  if (isHg) await hg(folder, ['import', '--quiet', file]);
  else await runGit(folder, ['am', '--quiet', file]);
  const message = isHg
    ? await hg(folder, ['log', '--rev=tip', '--template={desc}'])
    : await runGit(folder, ['log', '-1', '--format=%B']);
  return { before, after: await filesOf(tree), subject: message.split('\n')[0], message };
}

/** The files with these texts exchanged for others, each wherever it stands, and every other byte as it was. */
function withChanges(
  files: Record<string, string>,
  changes: readonly (readonly [string, string])[],
) {
  const exchange = (text: string): string =>
    changes.reduce((changed, [from, to]) => changed.replaceAll(from, to), text);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [path, exchange(text)]));
}

function hexOf(reference: string): string {
  return reference.replace(/^.*@sha256:/, '');
}

/** What a file pins, whatever literals it is cut into. */
function pinIn(text = ''): string {
  const [pin = ''] =
    /mozillareleases\/[^@]+@sha256:[0-9a-f]{64}/.exec(text.replaceAll(/"\n *"/g, '')) ?? [];
  return pin;
}

describe('image_builder', () => {
  it('takes its version from VERSION and is pinned in taskgraph and in Gecko, over three literals', async () => {
    const { revision } = workspace.builds.imageBuilder;
    const { reference, patches } = await promote(`image_builder ${revision}`, [
      'taskgraph',
      'mozilla-central',
    ]);
    expect(reference).toMatch(/^mozillareleases\/image_builder:6\.2\.0@/);
    const subjects = {
      taskgraph: 'chore: update image_builder image',
      'mozilla-central': 'No bug - Update the image_builder image r=releng-reviewers',
    };
    for (const [tree, expected] of Object.entries(subjects)) {
      const { before, after, subject } = await land(tree, patches[tree] ?? '');
      const path = Object.keys(before).find((name) => name.endsWith('docker_image.py')) ?? '';
      const changes = [
        ['image_builder:6.1.0', 'image_builder:6.2.0'],
        [hexOf(pinIn(before[path])), hexOf(reference)],
      ] as const;
      expect(after).toEqual(withChanges(before, changes));
      expect(after[path]).toContain(
        `    "mozillareleases/image_builder:6.2.0"\n    "@sha256:"\n    "${hexOf(reference)}"\n`,
      );
      expect(subject).toBe(expected);
    }
  });

  it('takes a version that is given instead', async () => {
    const card = await propose(`image_builder ${workspace.builds.imageBuilder.revision} tag 6.2.1`);
    expect(reads(card)).toContain('mozillareleases/image_builder:6.2.1');
    await workspace.slack.as(people.alice).click(card.ts, 'withdraw');
  });
});

describe('decision', () => {
  it('is tagged with its index hash; tags of releases are told of, run-task’s are left alone', async () => {
    const { taskId, indexHash } = workspace.builds.decision;
    const trees = ['taskgraph', 'fxci-config'];
    const { card, reference, patches } = await promote(`decision ${taskId}`, trees);
    expect(card).toMatch(
      /`\.taskcluster\.yml:11` pins `decision-v24\.1\.1`: releases of https:\/\/github\.com\/taskcluster\/taskgraph publish such tags themselves/,
    );
    expect(reference).toMatch(new RegExp(`^mozillareleases/taskgraph:decision-${indexHash}@`));
    for (const tree of trees) {
      const { before, after, subject } = await land(tree, patches[tree] ?? '');
      expect(after).toEqual(withChanges(before, [[pinIn(before['.taskcluster.yml']), reference]]));
      expect(subject).toBe('chore: update decision image');
    }
    const { '.taskcluster.yml': text } = await filesOf('fxci-config');
    expect(text).toMatch(/mozillareleases\/taskgraph:run-task-v24\.1\.1@sha256:(?:5eed){16}\n/);
  });
});

describe('gecko_decision', () => {
  it('changes Mercurial: the card warns, and the checkout cache’s number goes up with the pins', async () => {
    const line = 'gecko_decision latest bug 1861626';
    const { card, reference, patches } = await promote(line, ['mozilla-central']);
    expect(card).toContain('Mercurial changes from 6.4.3 to 6.8.1');
    expect(reference).toMatch(/^mozillareleases\/gecko_decision:5\.2\.0@/);
    const patch = patches['mozilla-central'] ?? '';
    const { before, after, subject, message } = await land('mozilla-central', patch);
    const old = pinIn(before['.taskcluster.yml']);
    const changes = [
      [old, reference],
      [hexOf(old), hexOf(reference)],
      ['checkouts-sparse-v4', 'checkouts-sparse-v5'],
    ] as const;
    expect(after).toEqual(withChanges(before, changes));
    expect(after['.taskcluster.yml']).toContain(`image: '${reference}'\n`);
    expect(after['taskcluster/docker/decision/HASH']).toBe(`sha256:${hexOf(reference)}\n`);
    expect(subject).toBe('Bug 1861626 - Update the gecko_decision image r=releng-reviewers');
    expect(message).toContain('Mercurial changed, so the checkout cache gets a new name.');
  });

  it('is refused where its VERSION was not bumped', async () => {
    const { slack, taskcluster, policy } = workspace;
    const image = policy.images['gecko_decision'];
    if (!image) throw new Error('no such image');
    const revision = await gecko.commit({ 'a-change': randomBytes(8).toString('hex') });
    const archive = imageArtifact(await sampleImage('decision', revision, { mercurial: '6.8.1' }));
    await publishBuild(taskcluster, { image, revision, archive });
    await slack.as(people.alice).command('/promote-image', `gecko_decision ${revision}`);
    const sentence = /taskcluster\/docker\/decision\/VERSION was not bumped for this build/;
    const said = () =>
      slack
        .messages()
        .map(reads)
        .find((text) => sentence.test(text));
    expect(await slack.until(said, 60_000)).toContain('Bump taskcluster/docker/decision/VERSION');
  });
});

describe('build-decision', () => {
  it('is tried before it lands, and pinned in every template', async () => {
    const { revision, taskId } = workspace.builds.buildDecision;
    const line = `build-decision ${revision} bug 2010334`;
    const { thread, reference, patches } = await promote(line, ['fxci-config']);
    expect(thread).toContain(
      'open the hook `project-releng/cron-task-mozilla-releng-fxci-config/test-build-decision`',
    );
    expect(thread).toContain(
      `{"type":"task-image","taskId":"${taskId}","path":"public/image.tar.zst"}`,
    );
    const { before, after, subject } = await land('fxci-config', patches['fxci-config'] ?? '');
    const old = pinIn(before['hg-push-template.yml']);
    expect(after).toEqual(withChanges(before, [[old, reference]]));
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    expect(changed).toEqual([
      'cron-task-template.yml',
      'git-push-template.yml',
      'hg-push-template.yml',
    ]);
    expect(subject).toBe('Bug 2010334 - update build-decision image in templates');
  });

  it('leaves nothing to check once everything has landed', async () => {
    const { slack } = workspace;
    await slack.as(people.bob).command('/promote-image', 'check build-decision');
    const seen = () => slack.ephemerals(people.bob).at(-1);
    const message = await slack.until(seen, 30_000);
    expect(reads(message)).toContain('build-decision: up to date');
    const { stdout } = await execa('git', ['status', '--porcelain'], {
      cwd: join(workspace.folder, 'fxci-config'),
    });
    expect(stdout).toBe('');
  });
});
