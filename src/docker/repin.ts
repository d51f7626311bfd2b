import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { interruption, PromotionError, refuse } from '../domain/errors.ts';
import type { RepinLimits } from '../domain/image.ts';
import { asking, connect, isMissing, printable, type AskOptions } from './connection.ts';
import { containerOf, type ContainerJob, type RepinJob } from './container.ts';
import { readEvents } from './events.ts';
import { freeBeside, giveTo, linksIn, owner, usedBy } from './folder.ts';
import { inspect } from './images.ts';
import { removeLeftovers } from './leftovers.ts';
import { lastLine } from './output.ts';

const defaultIdle = 60_000;

const defaultOthers = 1024 ** 3;

/**
 * Runs the re-pin command in a container that has the checkout, a /tmp and nothing else: not root, no network unless
 * it is asked for. What it changed is in the folder afterwards; the container is gone, however it ended, and so is what
 * an earlier bot left behind.
 * Throws a PromotionError `repin-failed` or `docker-…`; then the folder is of no use.
 */
export async function repin(job: RepinJob): Promise<void> {
  const docker = connect({ ...job.dockerTls, DOCKER_HOST: job.dockerHost });
  const links = await linksIn(job.folder);
  await ask(job, 'look for what is left behind', () => removeLeftovers(docker, Date.now()));
  const volumes = await havingImage(docker, job);
  const user = owner();
  await giveTo(user, job.folder);
  try {
    await inContainer(docker, job, { ...job, user, volumes });
  } finally {
    await giveTo(
      { uid: process.getuid?.() ?? user.uid, gid: process.getgid?.() ?? user.gid },
      job.folder,
    );
  }
  // Whoever reads the files now must not be led out of the folder.
  if ((await linksIn(job.folder)) !== links) throw failed(job, 'it made or changed links');
}

/** Pulls the image where the engine does not have it. Gives the paths that it declares as volumes. */
async function havingImage(docker: Docker, job: RepinJob): Promise<readonly string[]> {
  return ask(job, 'look for its image', async (abortSignal, alive) => {
    const volumes = async (): Promise<readonly string[]> => {
      const { Config } = await inspect(docker, job.image, abortSignal);
      return Object.keys(Config?.Volumes ?? {});
    };
    try {
      return await volumes();
    } catch (error) {
      if (!isMissing(error)) throw error;
      const answer = await docker.pull(job.image, { abortSignal });
      const work = { verb: `pull ${job.image}`, noun: `the pull of ${job.image}` };
      await readEvents(answer as unknown as AsyncIterable<Uint8Array>, { work, onEvent: alive });
      return volumes();
    }
  });
}

async function inContainer(docker: Docker, job: RepinJob, wanted: ContainerJob): Promise<void> {
  const container = await ask(job, 'make a container', () =>
    docker.createContainer(containerOf(wanted)),
  );
  try {
    const ended = await watched(container, job, wanted.limits);
    if (ended.State.OOMKilled) {
      throw failed(job, `it needed more memory than ${inMebibytes(wanted.limits.memory)}`);
    }
    if (ended.State.ExitCode === 0) return;
    const asked = ask(job, 'tell what the command said', () => lastLine(container));
    const said = await asked.catch(() => '');
    const problem = `it ended with exit code ${ended.State.ExitCode}`;
    throw failed(job, said === '' ? problem : `${problem}: ${printable(said)}`);
  } finally {
    // Also where we are to stop. Where the engine is gone there is nothing to remove it with.
    const signal = new AbortController().signal;
    await ask({ ...job, signal }, 'remove the container', (abortSignal) =>
      container.remove({ force: true, v: true, abortSignal }),
    ).catch(() => undefined);
  }
}

/** Starts the container and waits for its end, or ends it where it goes beyond a limit. */
async function watched(
  container: Docker.Container,
  job: RepinJob,
  limits: RepinLimits,
): Promise<Docker.ContainerInspectInfo> {
  const free = await freeBeside(job.folder);
  const lost = limits.disk + (job.others ?? defaultOthers);
  await ask(job, 'start the command', () => container.start());
  const late = Date.now() + limits.time;
  for (;;) {
    const now = await ask(job, 'tell how the command is doing', () => container.inspect());
    if (!now.State.Running) return now;
    if (job.signal.aborted) throw interruption(job.signal);
    if (Date.now() > late) throw failed(job, `it took longer than ${limits.time / 1000} s`);
    const start = performance.now();
    if ((await usedBy(job.folder)) > limits.disk) {
      throw failed(job, `it wrote more than ${inMebibytes(limits.disk)} into the checkout`);
    }
    // A file that was removed while it is open is in no folder, and still on the disk.
    if (free - (await freeBeside(job.folder)) > lost) {
      throw failed(job, `the disk lost more than ${inMebibytes(lost)} meanwhile`);
    }
    // A large checkout takes a while to look through; most of the time belongs to the command.
    await sleep(Math.max(200, 4 * (performance.now() - start)));
  }
}

function ask<T>(
  { signal, idle = defaultIdle }: RepinJob,
  verb: string,
  work: Parameters<typeof asking<T>>[1],
): Promise<T> {
  const options: AskOptions = { work: { verb, noun: 'the re-pin command' }, signal, idle };
  return asking(options, work);
}

function failed({ name }: RepinJob, problem: string): PromotionError {
  return new PromotionError(refuse('repin-failed', { image: name, problem }));
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
