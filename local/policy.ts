import { readPolicy, formatProblem } from '../src/config.ts';
import type { Policy } from '../src/domain/policy.ts';
import { stringify } from 'yaml';
import { approvers, people } from './seed.ts';
import type { LocalTree } from './trees.ts';

/** Where everything of a local workspace is. */
export interface Places {
  readonly team: string;
  readonly channel: string;
  readonly rootUrl: string;
  /** The key that Taskcluster’s level-3 workers sign with. */
  readonly key: string;
  readonly registry: string;
  readonly engine: 'registry' | 'docker';
  readonly trees: {
    readonly fxciConfig: LocalTree;
    readonly taskgraph: LocalTree;
    /** A Mercurial repository, read over HTTP. */
    readonly gecko: { readonly url: string };
  };
}

/** The policy file of a local workspace: Mozilla’s four images, on this machine’s stand-ins. */
export function localPolicy(places: Places): { readonly yaml: string; readonly policy: Policy } {
  const yaml = stringify({
    slack: { team: places.team, channel: places.channel },
    approval: { required: 1, expires: '24h', approvers, people: [[people.bob, people.bobAdmin]] },
    taskcluster: { rootUrl: places.rootUrl, chainOfTrustKeys: [places.key] },
    registry: {
      url: places.registry,
      engine: places.engine,
      credentials: {
        file: 'dockerhub.sops.yml',
        username: 'mozillareleases.username',
        password: 'mozillareleases.token',
      },
    },
    images: images(places.trees),
  });
  const parsed = readPolicy(yaml);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return { yaml, policy: parsed.value };
}

function images(trees: Places['trees']): object {
  return { ...gitImages(trees), ...geckoImages(trees) };
}

function gitImages({ fxciConfig, taskgraph }: Places['trees']): object {
  const decides = { branch: 'main', files: ['.taskcluster.yml'] };
  return {
    'build-decision': {
      build: {
        name: 'build-decision',
        trustDomain: 'releng',
        project: 'fxci-config',
        workerPool: 'releng-3/linux-docker',
        repository: 'https://github.com/mozilla-releng/fxci-config',
      },
      publish: 'mozillareleases/build-decision',
      tag: { from: 'revision' },
      pins: [{ git: fxciConfig.url, branch: 'main', files: 'auto' }],
      message: 'chore: update build-decision image in templates',
      tryIn: 'project-releng/cron-task-mozilla-releng-fxci-config/test-build-decision',
    },
    decision: {
      build: {
        name: 'decision',
        trustDomain: 'taskgraph',
        project: 'taskgraph',
        workerPool: 'taskgraph-3/images',
        repository: 'https://github.com/taskcluster/taskgraph',
      },
      publish: 'mozillareleases/taskgraph',
      tag: { from: 'index-hash', prefix: 'decision-' },
      pins: [taskgraph, fxciConfig].map(({ url }) => ({ git: url, ...decides })),
      message: 'chore: update decision image',
    },
  };
}

function geckoImages({ taskgraph, gecko }: Places['trees']): object {
  const build = {
    trustDomain: 'gecko',
    project: 'autoland',
    workerPool: 'gecko-3/images',
    repository: gecko.url,
    branch: 'default',
  };
  const version = (name: string) => ({
    from: 'version-file',
    path: `taskcluster/docker/${name}/VERSION`,
  });
  const inGecko = { hg: gecko.url, branch: 'default', reviewers: ['releng-reviewers'] };
  const transform = 'transforms/docker_image.py';
  return {
    gecko_decision: {
      build: { name: 'decision', ...build },
      publish: 'mozillareleases/gecko_decision',
      formerly: ['taskcluster/decision'],
      tag: version('decision'),
      pins: [{ ...inGecko, files: ['.taskcluster.yml', 'taskcluster/docker/decision/HASH'] }],
      message: 'No bug - Update the gecko_decision image',
    },
    image_builder: {
      build: { name: 'image_builder', ...build },
      publish: 'mozillareleases/image_builder',
      formerly: ['taskcluster/image_builder'],
      tag: version('image_builder'),
      pins: [
        { git: taskgraph.url, branch: 'main', files: [`src/taskgraph/${transform}`] },
        {
          ...inGecko,
          files: [`taskcluster/gecko_taskgraph/${transform}`],
          message: 'No bug - Update the image_builder image',
        },
      ],
      message: 'chore: update image_builder image',
    },
  };
}
