import type { DockerVariables } from '../docker-host.ts';
import type Docker from 'dockerode';
import { z } from 'zod';
import type { ArchiveLimits } from '../archive/limits.ts';
import { fail } from '../errors.ts';
import type { Engine, Push } from '../ports.ts';
import type { Pushed } from '../states.ts';
import type { Client } from '../registry/client.ts';
import { onErrand } from '../registry/errand.ts';
import { asItIs } from '../registry/finish.ts';
import { look } from '../registry/registry.ts';
import type { RegistryOptions } from '../registry/timing.ts';
import { asking, connect, factsOf, type AskOptions } from './connection.ts';
import { stateBefore, tidy, type Before } from './images.ts';
import { loadImage } from './load.ts';
import { engineName } from './name.ts';
import { mayPush } from './precheck.ts';
import { startProgress } from './progress.ts';
import { pushImage } from './push.ts';
import { readBackPushed } from './read-back.ts';

export interface DockerEngineOptions {
  /** As DOCKER_HOST is written. @default unix:///var/run/docker.sock */
  readonly dockerHost?: string | undefined;
  /** How it is to be reached by TLS. */
  readonly dockerTls?: Omit<DockerVariables, 'DOCKER_HOST'> | undefined;
  readonly registry: RegistryOptions;
  readonly limits: ArchiveLimits;
  /** Milliseconds without any sign of life after which a load or a push is given up. @default 300000 */
  readonly idle?: number | undefined;
  /** Milliseconds in which anything else must be answered, and in which the engine is tidied. @default 20000 */
  readonly answer?: number | undefined;
}

const defaultIdle = 300_000;
/** Less than a bot that is told to stop is given. */
const defaultAnswer = 20_000;

/**
 * Carries an image through a Docker engine: load, tag, push. The registry is asked first, so that wrong credentials or
 * a taken tag cost no time; what was published is read back from it. One image at a time is in the engine; when it is
 * done the engine is put back to what it was, after a success while the caller goes on.
 */
export function createDockerEngine(options: DockerEngineOptions): Engine {
  const docker = connect({ ...options.dockerTls, DOCKER_HOST: options.dockerHost });
  let last: Promise<void> = Promise.resolve();
  return async (push) => {
    const there = await onRegistry(options, push, (client) => precheck(client, push));
    if (there) return there;
    const { answer = defaultAnswer } = options;
    const { signal, target } = push;
    const compressor = await engineVersion(docker, { work: asked, signal, idle: answer });

    const turn = last;
    const done = Promise.withResolvers<void>();
    last = turn.then(() => done.promise);
    try {
      await turn;
      const repository = engineName(options.registry.url, target.name);
      const ours = { repository, tag: target.tag, imageId: push.contents.imageId };
      const before = await asking({ work: looking, signal, idle: answer }, (stop) =>
        stateBefore(docker, ours, stop),
      );
      const pushed = await carry(docker, options, { push, before, compressor }).catch(
        async (error: unknown) => {
          await tidy(docker, before, answer);
          throw error;
        },
      );
      // Removing a large image takes the engine seconds, which nobody has to wait for.
      void tidy(docker, before, answer).then(done.resolve);
      return pushed;
    } catch (error) {
      done.resolve();
      throw error;
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
  const { limits, idle = defaultIdle, answer = defaultAnswer } = options;
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
  await asking({ work: tagging, signal, idle: answer }, (abortSignal) =>
    docker.getImage(imageId).tag({ repo: repository, tag, abortSignal }),
  );
  // The engine puts layers and tag in one go.
  await push.beforeTag();
  const meanwhile = await onRegistry(options, push, (client) =>
    asTagged(client, push, 'changed-tag'),
  );
  if (meanwhile) return meanwhile;
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
  const done = { digest, compressor, layers: progress.layers() };
  return await onRegistry(options, push, (client) => readBackPushed(client, push, done));
}

const tagging = { verb: 'tag the image', noun: 'the tag' };
const asked = { verb: 'tell its version', noun: 'the question for its version' };
const looking = { verb: 'look at its images', noun: 'the question for its images' };

/** What is under the tag where it is this very image; throws where we may not push. */
async function precheck(client: Client, push: Push): Promise<Pushed | undefined> {
  const there = await asTagged(client, push, 'tag-taken');
  if (there) return there;
  await mayPush(client, push.target);
  return undefined;
}

/** What the tag holds, proven to be this very image; `undefined` where it is free. Throws where it holds another one. */
async function asTagged(
  client: Client,
  push: Push,
  reason: 'tag-taken' | 'changed-tag',
): Promise<Pushed | undefined> {
  const { target, contents } = push;
  const now = await look(client, target);
  if (now.state !== 'holds') return undefined;
  if (now.imageId === contents.imageId) return await asItIs(client, push, now.digest);
  return fail(reason, { target: `${target.name}:${target.tag}`, digest: now.digest });
}

async function engineVersion(docker: Docker, options: AskOptions): Promise<string> {
  const question = { path: '/version', answer: z.object({ Version: z.string() }) };
  const { Version } = await asking(options, (stop) => factsOf(docker, question, stop));
  return `docker ${Version}, gzip`;
}

async function onRegistry<T>(
  { registry }: DockerEngineOptions,
  { target, credentials, signal }: Push,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const subject = `${target.name}:${target.tag}`;
  return onErrand(registry, { subject, credentials, signal }, work);
}
