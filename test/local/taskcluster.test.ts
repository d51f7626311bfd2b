import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { clients, downloadArtifact } from 'taskcluster-client';
import { describe, expect, it } from 'vitest';
import { publishBuild } from '../../local/builds.ts';
import { twists } from '../../local/taskcluster/twists.ts';
import {
  archive,
  download,
  image,
  reasonOf,
  revision,
  setting,
  someBytes,
  trusted,
} from '../helpers/taskcluster/setting.ts';

const given = setting();
const name = 'public/image.tar.zst';

/** The stand-in has to be good enough for Taskcluster’s own client, unchanged. */
describe('the small Taskcluster, asked by Taskcluster’s own client', () => {
  it('tells a task, its status and where the index has it', async () => {
    const { taskcluster, publish } = given();
    const { taskId, decision, indexHash } = await publish();
    const queue = new clients.Queue({ rootUrl: taskcluster.rootUrl });
    const index = new clients.Index({ rootUrl: taskcluster.rootUrl });
    expect(await queue.task(taskId)).toMatchObject({
      taskQueueId: 'releng-3/linux-docker',
      provisionerId: 'releng-3',
      workerType: 'linux-docker',
      taskGroupId: decision,
    });
    expect(await queue.status(taskId)).toMatchObject({
      status: { taskId, state: 'completed', runs: [{ runId: 0, state: 'completed' }] },
    });
    const cache = 'releng.cache.level-3.docker-images.v2.build-decision';
    expect(await index.findTask(`${cache}.hash.${indexHash}`)).toMatchObject({ taskId });
    expect(await index.findTask(`${cache}.latest`)).toMatchObject({ taskId });
    const push = `releng.v2.fxci-config.revision.${revision}.taskgraph.decision`;
    expect(await index.findTask(push)).toMatchObject({ taskId: decision });
  });

  it('answers 404 as the real one does', async () => {
    const { rootUrl } = given().taskcluster;
    const index = new clients.Index({ rootUrl });
    await expect(index.findTask('releng.v2.nothing')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
  });

  it('lists the artifacts of a run and hands them out', async () => {
    const { taskcluster, publish } = given();
    const { taskId } = await publish();
    const queue = new clients.Queue({ rootUrl: taskcluster.rootUrl });
    expect(await queue.listArtifacts(taskId, 0)).toMatchObject({
      artifacts: [
        { name: 'public/chain-of-trust.json' },
        { name: 'public/chain-of-trust.json.sig', contentLength: 64 },
        { name, storageType: 's3', contentLength: archive.length },
        { name: 'public/logs/certified.log' },
        { name: 'public/logs/live_backing.log' },
        { name: 'public/logs/live.log', storageType: 'link' },
      ],
    });
    expect(await queue.artifactInfo(taskId, 0, name)).toMatchObject({ storageType: 's3' });
    const chunks: Buffer[] = [];
    const streamFactory = async (): Promise<Writable> =>
      new Writable({
        write(chunk: Buffer, _, done) {
          chunks.push(chunk);
          done();
        },
      });
    await downloadArtifact({ taskId, runId: 0, name, queue, streamFactory });
    expect(Buffer.concat(chunks).equals(archive)).toBe(true);
  });
});

describe('an archive', () => {
  it('may be a file, which stays where it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'promote-image-test-'));
    const file = join(folder, 'image.tar.zst');
    await writeFile(file, archive);
    const { taskcluster, builds } = given();
    const published = await publishBuild(taskcluster, { image, revision, archive: file });
    const { bytes } = await download(builds(), await trusted(builds(), published));
    expect(bytes.equals(archive)).toBe(true);
    await rm(folder, { recursive: true });
  });

  it('may be a stream, which is kept until the end', async () => {
    const { taskcluster, builds } = given();
    const stream = (async function* () {
      yield archive.subarray(0, 1000);
      yield archive.subarray(1000);
    })();
    const published = await publishBuild(taskcluster, { image, revision, archive: stream });
    taskcluster.faults.push({ at: 'storage', path: name, fault: 'cut', after: 5_000_000 });
    const { bytes } = await download(builds(), await trusted(builds(), published));
    expect(bytes.equals(archive)).toBe(true);
  });
});

describe('a build that is made to be refused', () => {
  it.each([
    ['level1', 'wrong-worker-pool'],
    ['signedByLevel1', 'bad-signature'],
    ['unsigned', 'no-chain-of-trust'],
    ['pullRequest', 'pull-request'],
    ['interactive', 'interactive'],
    ['failed', 'not-completed'],
    ['rerun', 'not-completed'],
    ['expired', 'task-expired'],
    ['reference', 'artifact-storage'],
  ] as const)('is refused: %s', async (twist, reason) => {
    const { builds, publish } = given();
    const { taskId } = await publish({ archive: someBytes(100), ...twists[twist] });
    expect(await reasonOf(builds().verify(image, taskId))).toBe(reason);
  });

  it('is refused when it is downloaded: tampered', async () => {
    const { builds, publish } = given();
    const build = await trusted(builds(), await publish(twists.tampered));
    expect(await reasonOf(download(builds(), build))).toBe('artifact-hash');
  });
});
