import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { repin } from '../../src/docker/repin.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';
import { importTools } from '../helpers/real/shell-and-tools.ts';

const name = 'test/tools:1';
const folders: string[] = [];
let dockerd: Dockerd;

beforeAll(async () => {
  dockerd = await startDockerd();
  await importTools(dockerd.docker, name);
});
afterAll(() => dockerd?.close());
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A re-pin of a checkout of its own. */
async function run(script: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'repin-'));
  folders.push(folder);
  await repin({
    dockerHost: dockerd.host,
    name: 'build-decision',
    image: name,
    command: ['/bin/sh', '-c', script],
    folder,
    workdir: '.',
    network: false,
    limits: {
      processors: 2,
      processes: 256,
      time: 20_000,
      memory: 64 * 1024 ** 2,
      disk: 64 * 1024 ** 2,
    },
    signal: new AbortController().signal,
  });
}

/** A container as a bot leaves it that is killed. */
async function leave(owner: string, until: number): Promise<string> {
  const { id } = await dockerd.docker.createContainer({
    Image: name,
    Cmd: ['/bin/sh', '-c', 'sleep 60'],
    Labels: {
      'promote-image': 'repin',
      'promote-image.owner': owner,
      'promote-image.until': String(until),
    },
  });
  return id;
}

async function left(): Promise<readonly string[]> {
  const containers = await dockerd.docker.listContainers({ all: true });
  return containers.map(({ Id }) => Id).toSorted();
}

it('removes what a killed bot left behind, and nothing of a bot that lives or of anybody else', async () => {
  const soon = Date.now() + 60_000;
  const { pid: dead } = spawnSync('true');
  await leave(`${hostname()} ${dead}`, soon);
  await leave(`${hostname()} ${process.pid}`, soon);
  await leave(`${hostname()} ${process.ppid}`, Date.now() - 1);
  await leave('elsewhere 1', Date.now() - 1);
  const stay = [
    await leave(`${hostname()} ${process.ppid}`, soon),
    await leave(`elsewhere ${dead}`, soon),
    (await dockerd.docker.createContainer({ Image: name, Cmd: ['/bin/cat'] })).id,
  ];
  await run('true');
  expect(await left()).toEqual(stay.toSorted());
  for (const id of stay) await dockerd.docker.getContainer(id).remove({ force: true });
});

it('lets one re-pin run beside another', async () => {
  const first = run('sleep 2');
  await expect.poll(left).toHaveLength(1);
  await run('true');
  await first;
  expect(await left()).toEqual([]);
});
