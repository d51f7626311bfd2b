import type { Environment } from './config.ts';
import { createDockerEngine } from './docker/engine.ts';
import type { Policy } from './domain/policy.ts';
import { repin } from './docker/repin.ts';
import type { Builds, Engine, Inspect, Registry, RepinCommand, Secrets, Trees } from './ports.ts';
import { findCompressor } from './packing/accelerator.ts';
import { adaptiveZlib } from './packing/setting.ts';
import { inspectArchive } from './packing/thread.ts';
import { besideEngine } from './registry/beside-engine.ts';
import { createRegistryEngine } from './registry/push.ts';
import { createRegistry } from './registry/registry.ts';
import { createSecrets, type SecretsOptions } from './sops/secrets.ts';
import { createTrees } from './source/trees.ts';
import { createBuilds, type BuildsOptions } from './taskcluster/builds.ts';
import { credentialsFrom } from './taskcluster/credentials.ts';

export interface Given {
  readonly policy: Policy;
  readonly environment: Environment;
  /** The process’s whole environment: sops and git each pick from it what they may have. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** How Taskcluster is asked: where, by whom, and what of it is believed. */
export function buildsOptions({ policy, environment, now }: Omit<Given, 'env'>): BuildsOptions {
  const { taskcluster, limits } = policy;
  return { ...taskcluster, credentials: credentialsFrom(environment), limits, now };
}

/** Everything outside but Slack and the database: adapters from configuration. Nothing is contacted here. */
export function connectWorld({ policy, environment, env, now }: Given): {
  readonly builds: Builds;
  readonly inspect: Inspect;
  readonly registry: Registry;
  readonly trees: Trees;
  readonly engine: Engine;
  readonly secrets: Secrets;
  readonly repin: RepinCommand;
} {
  const { limits } = policy;
  const archiveLimits = { unpacked: limits.unpacked, processor: limits.processor };
  const docker = { dockerHost: environment.DOCKER_HOST, dockerTls: environment };
  const { url, tokenService } = policy.registry;
  const registryOptions = { url, tokenService };
  const siblings = Object.values(policy.images).map(({ publish }) => publish);
  const engine =
    policy.registry.engine === 'docker'
      ? createDockerEngine({
          ...docker,
          registry: besideEngine(registryOptions),
          limits: archiveLimits,
        })
      : createRegistryEngine({
          ...registryOptions,
          limits: archiveLimits,
          siblings,
          compressor:
            policy.registry.compression === 'adaptive'
              ? () => Promise.resolve(adaptiveZlib)
              : () => findCompressor(env['PATH']),
        });
  return {
    builds: createBuilds(buildsOptions({ policy, environment, now })),
    inspect: (archive) => inspectArchive(archive, archiveLimits),
    registry: createRegistry(registryOptions),
    trees: createTrees({ environment: env }),
    engine,
    secrets: createSecrets(secretsOptions(policy, env)),
    repin: (command, job) => repin({ ...command, ...job, ...docker }),
  };
}

export function secretsOptions(policy: Policy, env: Given['env']): SecretsOptions {
  return { ...policy.registry.credentials, env };
}
