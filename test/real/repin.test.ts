import { execFile } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { repin } from '../../src/docker/repin.ts';
import type { RepinJob } from '../../src/docker/container.ts';
import { startDockerd, type Dockerd } from '../../local/rig/dockerd.ts';
import { importTools } from '../helpers/real/shell-and-tools.ts';

const exec = promisify(execFile);
const name = 'test/tools:1';
const withVolume = 'test/tools-with-a-volume:1';

let dockerd: Dockerd;
let folder: string;

beforeAll(async () => {
  dockerd = await startDockerd();
  await importTools(dockerd.docker, name);
  await importTools(dockerd.docker, withVolume, ['VOLUME /data']);
});
afterAll(() => dockerd?.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'repin-'));
  await exec('git', ['init', '-q', folder]);
  await mkdir(join(folder, 'docker'));
  await writeFile(join(folder, 'docker/requirements.txt'), 'a==1\n');
  await symlink('docker/requirements.txt', join(folder, 'link'));
});
afterEach(async () => {
  expect(await dockerd.docker.listContainers({ all: true })).toEqual([]);
  expect((await dockerd.docker.listVolumes()).Volumes ?? []).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

function job(script: string, more: Partial<RepinJob> = {}): RepinJob {
  return {
    dockerHost: dockerd.host,
    name: 'build-decision',
    image: name,
    command: ['/bin/sh', '-c', script],
    folder,
    workdir: 'docker',
    network: false,
    limits: {
      processors: 2,
      processes: 256,
      time: 20_000,
      memory: 64 * 1024 ** 2,
      disk: 64 * 1024 ** 2,
    },
    signal: new AbortController().signal,
    ...more,
  };
}

/** What the command printed, through a file in the checkout. */
async function seen(script: string, more?: Partial<RepinJob>): Promise<string> {
  await repin(job(`(${script}) > /checkout/seen 2>&1; true`, more));
  return readFile(join(folder, 'seen'), 'utf8');
}

describe('the re-pin command', () => {
  it('changes files of the checkout, which are ours again afterwards', async () => {
    await repin(job('echo b==2 >> requirements.txt; echo new > lock'));
    expect(await readFile(join(folder, 'docker/requirements.txt'), 'utf8')).toBe('a==1\nb==2\n');
    const { stdout } = await exec('git', ['-C', folder, 'status', '--porcelain', '-uall']);
    expect(stdout).toContain('docker/lock');
    expect((await lstat(join(folder, 'docker/lock'))).uid).toBe(process.getuid?.());
  });

  it('is not root and has no capability', async () => {
    const status = await seen('cat /proc/self/status');
    expect(status).not.toMatch(/^Uid:\s+0\s/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  it('has no network', async () => {
    expect((await seen('ls /sys/class/net')).trim()).toBe('lo');
  });

  it('sees the checkout, a /tmp, and nothing else of the machine', async () => {
    const mounts = (await seen('cat /proc/self/mounts')).trim().split('\n');
    const fromDisk = mounts.filter((line) => line.startsWith('/dev/'));
    const targets = fromDisk.map((line) => line.split(' ')[1]);
    expect(targets.filter((target) => !target?.startsWith('/etc/'))).toEqual([
      '/checkout',
      '/checkout/.git',
    ]);
    expect(await seen('echo x > /tmp/a && cat /tmp/a; echo x > /root-file')).toMatch(
      /^x\n.*Read-only file system/s,
    );
  });

  it('has as much of the processors and as many processes as it may have', async () => {
    const running = repin(job('while [ ! -e stop ]; do sleep 0.1; done'));
    const found = () => dockerd.docker.listContainers();
    await expect.poll(found, { timeout: 10_000 }).toHaveLength(1);
    const [container] = await found();
    const { HostConfig } = await dockerd.docker.getContainer(container?.Id ?? '').inspect();
    const [cpus, processes] = [2_000_000_000, 256];
    expect(HostConfig).toMatchObject({ NanoCpus: cpus, PidsLimit: processes });
    expect(HostConfig.Memory).toBe(HostConfig.MemorySwap);
    await writeFile(join(folder, 'docker/stop'), '');
    await running;
  });

  it('has nothing of our environment', async () => {
    process.env['SLACK_BOT_TOKEN'] = 'xoxb-canary';
    const environment = await seen('cat /proc/self/environ');
    delete process.env['SLACK_BOT_TOKEN'];
    const names = environment.split('\0').map((line) => line.split('=')[0]);
    expect(names).toEqual(expect.arrayContaining(['HOME', 'LANG']));
    expect(environment).not.toContain('canary');
  });

  it('cannot touch what git runs', async () => {
    const config = await readFile(join(folder, '.git/config'), 'utf8');
    await seen(
      'cd ..; echo "[core] fsmonitor = evil" >> .git/config; echo x > .git/hooks/post-checkout; mv .git x',
    );
    expect(await readFile(join(folder, '.git/config'), 'utf8')).toBe(config);
    expect(await readdir(join(folder, '.git/hooks'))).not.toContain('post-checkout');
  });

  it('starts in the folder that is configured, without the image’s entrypoint', async () => {
    expect(await seen('pwd')).toBe('/checkout/docker\n');
    expect(await seen('pwd', { workdir: '.' })).toBe('/checkout\n');
  });
});

describe('a re-pin command', () => {
  const failure = async (script: string, more?: Partial<RepinJob>) => {
    const start = performance.now();
    const error: unknown = await repin(job(script, more)).catch((thrown: unknown) => thrown);
    expect(performance.now() - start).toBeLessThan(15_000);
    expect((await lstat(folder)).uid).toBe(process.getuid?.());
    return error;
  };
  const because = (problem: unknown) => ({
    reason: 'repin-failed',
    facts: { image: 'build-decision', problem },
  });

  it('that fails is told with its last line', async () => {
    const error = await failure('echo one; echo "No matching distribution for a" >&2; exit 3');
    expect(error).toMatchObject(
      because('it ended with exit code 3: No matching distribution for a'),
    );
  });

  it('that says nothing is told with its exit code', async () => {
    expect(await failure('exit 4')).toMatchObject(because('it ended with exit code 4'));
  });

  it('that hangs is ended', async () => {
    const limits = { processors: 2, processes: 256, time: 1000, memory: 2 ** 26, disk: 2 ** 26 };
    const error = await failure('trap "" TERM; while :; do sleep 60; done', { limits });
    expect(error).toMatchObject(because('it took longer than 1 s'));
  });

  it('that fills the disk with many files is ended', async () => {
    const script =
      'i=0; while :; do i=$((i+1)); head -c 8000000 /dev/zero > "f$i" || exit 9; sleep 0.05; done';
    expect(await failure(script)).toMatchObject(
      because('it wrote more than 64 MiB into the checkout'),
    );
    expect(await dockerd.docker.df()).toBeDefined();
  });

  it('that fills the disk under a .git of its own is ended', async () => {
    await rm(join(folder, '.git'), { recursive: true });
    const script =
      'mkdir ../.git; i=0; while :; do i=$((i+1)); head -c 8000000 /dev/zero > "../.git/f$i" || exit 9; sleep 0.05; done';
    expect(await failure(script)).toMatchObject(
      because('it wrote more than 64 MiB into the checkout'),
    );
  });

  it('that fills the disk with files that it removed, and holds open, is ended', async () => {
    const fill = 'eval "exec $n>f"; rm f; eval "head -c 60000000 /dev/zero >&$n"';
    const script = `for n in 3 4 5 6 7 8 9; do ${fill}; done; sleep 60`;
    const error = await failure(script, { others: 128 * 1024 ** 2 });
    expect(error).toMatchObject(because('the disk lost more than 192 MiB meanwhile'));
  });

  it('that fills a volume which its image declares is ended', async () => {
    const script = 'echo x > /data/a && cat /data/a > seen; cat /dev/zero > /data/big';
    const error = await failure(script, { image: withVolume });
    expect(error).toMatchObject(because(expect.stringMatching(/exit code|more memory/)));
    expect(await readFile(join(folder, 'docker/seen'), 'utf8')).toBe('x\n');
  });

  it('that fills the disk with one file is ended', async () => {
    const error = await failure('cat /dev/zero > big');
    expect(error).toMatchObject(because(expect.stringMatching(/exit code|wrote more than/)));
    expect((await lstat(join(folder, 'docker/big'))).size).toBeLessThanOrEqual(64 * 1024 ** 2);
  });

  it('that fills /tmp is ended', async () => {
    const error = await failure('cat /dev/zero > /tmp/big');
    expect(error).toMatchObject(because(expect.stringMatching(/exit code|more memory/)));
  });

  it('that floods its log is harmless', async () => {
    await repin(
      job(
        'i=0; while [ $i -lt 20000 ]; do echo "$i 012345678901234567890123456789012345678901234567890123456789"; i=$((i+1)); done',
      ),
    );
  });

  it('that takes too much memory is ended', async () => {
    const error = await failure('x=xxxxxxxxxxxxxxxx; while :; do x="$x$x"; done');
    expect(error).toMatchObject(because('it needed more memory than 64 MiB'));
  });

  it('that starts too many processes is held', async () => {
    const limits = { processors: 2, processes: 256, time: 3000, memory: 2 ** 26, disk: 2 ** 26 };
    const error = await failure('f() { f | f & }; f; sleep 60', { limits });
    expect(error).toMatchObject({ reason: 'repin-failed' });
  });

  it('that makes a link out of the checkout is refused', async () => {
    const error = await failure('rm requirements.txt; ln -s /etc/shadow requirements.txt');
    expect(error).toMatchObject(because('it made or changed links'));
    expect(await readlink(join(folder, 'docker/requirements.txt'))).toBe('/etc/shadow');
  });

  it('that is no program is told', async () => {
    const error = await failure('', { command: ['/nonexistent'] });
    expect(error).toMatchObject({
      reason: 'docker-failed',
      facts: { what: 'start the command', problem: expect.stringMatching(/nonexistent.*no such/) },
    });
  });

  it('whose image is nowhere is told', async () => {
    const error = await failure('', { image: '127.0.0.1:1/nobody/nothing:1' });
    expect(error).toMatchObject({ reason: 'docker-failed' });
  });

  it('is ended when the bot stops', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1000);
    expect(await failure('sleep 60', { signal: stop.signal })).toMatchObject({
      reason: 'interrupted',
    });
  });
});
