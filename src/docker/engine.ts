import type { DockerVariables } from './host.ts';
import type Docker from 'dockerode';
import { z } from 'zod';
import type { ArchiveLimits } from '../archive/limits.ts';
import type { Engine, Push } from '../ports.ts';
import { asking, connect, factsOf, type AskOptions } from './connection.ts';
import { stateBefore, tidy, type Before } from './images.ts';
import { loadImage } from './load.ts';
import { engineName } from './name.ts';
import { startProgress } from './progress.ts';
import { pushImage } from './push.ts';
import type { RegistrySide } from './registry-side.ts';

export interface DockerEngineOptions {
  /** As DOCKER_HOST is written. @default unix:///var/run/docker.sock */
  readonly dockerHost?: string | undefined;
  /** How it is to be reached by TLS. */
  readonly dockerTls?: Omit<DockerVariables, 'DOCKER_HOST'> | undefined;
  readonly registry: RegistrySide;
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
    const { registry } = options;
    const there = await registry.precheck(push);
    if (there) return there;
    const { answer = defaultAnswer } = options;
    const { signal, target } = push;
    const compressor = await engineVersion(docker, { work: asked, signal, idle: answer });

    const turn = last;
    const done = Promise.withResolvers<void>();
    last = turn.then(() => done.promise);
    try {
      await turn;
      const repository = engineName(registry.url, target.name);
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
  const { registry, limits, idle = defaultIdle, answer = defaultAnswer } = options;
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
  const meanwhile = await registry.underTag(push);
  if (meanwhile) return meanwhile;
  const digest = await pushImage(docker, {
    repository,
    target,
    credentials: push.credentials,
    signal,
    idle,
    onLayer: progress.layer,
    onRetry: () => registry.mayPush(push),
  });
  progress.step('read-back');
  const done = { digest, compressor, layers: progress.layers() };
  return registry.readBack(push, done);
}

const tagging = { verb: 'tag the image', noun: 'the tag' };
const asked = { verb: 'tell its version', noun: 'the question for its version' };
const looking = { verb: 'look at its images', noun: 'the question for its images' };

async function engineVersion(docker: Docker, options: AskOptions): Promise<string> {
  const question = { path: '/version', answer: z.object({ Version: z.string() }) };
  const { Version } = await asking(options, (stop) => factsOf(docker, question, stop));
  return `docker ${Version}, gzip`;
}
