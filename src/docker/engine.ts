import type Docker from 'dockerode';
import type { ArchiveLimits } from '../archive/limits.ts';
import { fail } from '../errors.ts';
import type { Engine, Push } from '../ports.ts';
import type { Client } from '../registry/client.ts';
import { onErrand } from '../registry/errand.ts';
import { readBack, type ReadBack } from '../registry/read-back.ts';
import { look } from '../registry/registry.ts';
import type { RegistryOptions } from '../registry/timing.ts';
import { asking, connect } from './connection.ts';
import { imageAt, tidy, type Before } from './images.ts';
import { loadImage } from './load.ts';
import { engineName } from './name.ts';
import { mayPush } from './precheck.ts';
import { startProgress } from './progress.ts';
import { pushImage } from './push.ts';
import { remember, summary } from './summary.ts';

export interface DockerEngineOptions {
  /** As DOCKER_HOST is written. @default unix:///var/run/docker.sock */
  readonly dockerHost?: string | undefined;
  readonly registry: RegistryOptions;
  readonly limits: ArchiveLimits;
  /** Milliseconds without any sign of life after which the engine is given up. @default 300000 */
  readonly idle?: number | undefined;
}

const defaultIdle = 300_000;

/**
 * Carries an image through a Docker engine: load, tag, push. The registry is asked first, so that wrong credentials or
 * a taken tag cost no time; what was published is read back from it. Afterwards the engine is as it was before.
 */
export function createDockerEngine(options: DockerEngineOptions): Engine {
  const docker = connect(options.dockerHost);
  const repository = (push: Push) => engineName(options.registry.url, push.target.name);
  return async (push) => {
    const there = await onRegistry(options, push, (client) => precheck(client, push));
    if (there) return summary(push, there, { compressor: 'none: it was there already' });
    const compressor = await engineVersion(docker, options, push);
    const before = await stateBefore(docker, options, { push, repository: repository(push) });
    try {
      return await carry(docker, options, { push, before, compressor });
    } finally {
      await tidy(docker, before);
    }
  };
}

interface Carrying {
  readonly push: Push;
  readonly before: Before;
  readonly compressor: string;
}

async function carry(docker: Docker, options: DockerEngineOptions, carrying: Carrying) {
  const { push, before, compressor } = carrying;
  const { target, contents, signal } = push;
  const { limits, idle = defaultIdle } = options;
  const progress = startProgress(push);
  const { imageId } = contents;
  await loadImage(docker, {
    imageId,
    open: push.open,
    limits,
    signal,
    idle,
    onRead: progress.read,
  });
  const { repository, tag } = before;
  await asking({ work: tagging, signal, idle }, (abortSignal) =>
    docker.getImage(imageId).tag({ repo: repository, tag, abortSignal }),
  );
  await onRegistry(options, push, (client) => refuseTaken(client, push, 'changed-tag'));
  const digest = await pushImage(docker, {
    repository,
    target,
    credentials: push.credentials,
    signal,
    idle,
    onLayer: progress.layer,
    onRetry: () => onRegistry(options, push, (client) => mayPush(client, target)),
  });
  progress.step('read-back');
  const back = await onRegistry(options, push, (client) =>
    readBack(client, { target, imageId, digest }),
  );
  const pushed = summary(push, back, { compressor, layers: progress.layers() });
  await remember(push, pushed, back);
  return pushed;
}

const tagging = { verb: 'tag the image', noun: 'the tag' };
const asked = { verb: 'tell its version', noun: 'the question for its version' };
const looking = { verb: 'look at its images', noun: 'the question for its images' };

/** What is under the tag where it is this very image; throws where we may not push. */
async function precheck(client: Client, push: Push): Promise<ReadBack | undefined> {
  const { target, contents } = push;
  const isThere = await refuseTaken(client, push, 'tag-taken');
  if (isThere) return readBack(client, { target, imageId: contents.imageId });
  await mayPush(client, target);
  return undefined;
}

/** Whether the tag holds this very image. Throws where it holds another one. */
async function refuseTaken(
  client: Client,
  { target, contents }: Push,
  reason: 'tag-taken' | 'changed-tag',
): Promise<boolean> {
  const now = await look(client, target);
  if (now.state !== 'holds') return false;
  if (now.imageId === contents.imageId) return true;
  return fail(reason, { target: `${target.name}:${target.tag}`, digest: now.digest });
}

async function engineVersion(
  docker: Docker,
  { idle = defaultIdle }: DockerEngineOptions,
  { signal }: Push,
): Promise<string> {
  const { Version } = await asking({ work: asked, signal, idle }, () => docker.version());
  return `docker ${Version}, gzip`;
}

async function stateBefore(
  docker: Docker,
  { idle = defaultIdle }: DockerEngineOptions,
  { push, repository }: { readonly push: Push; readonly repository: string },
): Promise<Before> {
  const { signal, target, contents } = push;
  return asking({ work: looking, signal, idle }, async () => ({
    repository,
    tag: target.tag,
    imageId: contents.imageId,
    hadImage: (await imageAt(docker, contents.imageId)) !== undefined,
    tagged: await imageAt(docker, `${repository}:${target.tag}`),
  }));
}

async function onRegistry<T>(
  { registry }: DockerEngineOptions,
  { target, credentials, signal }: Push,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const subject = `${target.name}:${target.tag}`;
  return onErrand(registry, { subject, credentials, signal }, work);
}
