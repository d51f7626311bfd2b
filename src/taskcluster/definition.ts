import { refuse, type Refusal } from '../domain/errors.ts';
import type { BuildPolicy, BuildSource } from '../domain/image.ts';
import { Revision, type TaskId } from '../domain/reference.ts';
import { isWithin, sameRepository } from './repository.ts';
import { Definition } from './task.ts';
import { interactiveSign, pullRequestSign } from './untrusted.ts';

/** What a definition says about a build, once it is proven to be the image's. */
export interface DefinedBuild {
  readonly label: string;
  readonly revision: Revision;
  readonly workerPool: string;
  readonly schedulerId: string;
  readonly route: string;
  readonly indexHash: string;
  /** Where it says it comes from: several sources only where they differ in the branch, which it does not say. */
  readonly claimed: readonly [BuildSource, ...BuildSource[]];
}

/**
 * Proves that a definition is a level-3 docker-image task of exactly this image. Every value is compared with the
 * configured one; nothing that the task says about its own level counts.
 */
export function definedBuild(
  definition: Definition,
  build: BuildPolicy,
  taskId: TaskId,
): DefinedBuild | Refusal {
  const task = { taskId, definition, build };
  const refusal =
    wrongPool(task) ??
    wrongScheduler(task) ??
    wrongLabel(task) ??
    wrongImageName(task) ??
    untrustworthy(task);
  if (refusal) return refusal;
  const claimed = claimedSources(task);
  if ('outcome' in claimed) return claimed;
  const revision = builtRevision(task);
  if (typeof revision !== 'string') return revision;
  const indexHash = level3Hash(task);
  if (typeof indexHash !== 'string') return indexHash;
  return {
    label: definition.metadata.name,
    revision,
    workerPool: build.workerPool,
    schedulerId: definition.schedulerId,
    route: `${routePrefix(build)}${indexHash}`,
    indexHash,
    claimed,
  };
}

interface Task {
  readonly taskId: TaskId;
  readonly definition: Definition;
  readonly build: BuildPolicy;
}

function wrongPool({ taskId, definition, build: { workerPool: want } }: Task): Refusal | undefined {
  const { taskQueueId, provisionerId, workerType } = definition;
  const parts =
    provisionerId === undefined && workerType === undefined
      ? undefined
      : `${provisionerId}/${workerType}`;
  const told = [taskQueueId, parts].filter((pool) => pool !== undefined);
  const got = told.find((pool) => pool !== want) ?? told[0] ?? 'none';
  return got === want ? undefined : refuse('wrong-worker-pool', { task: taskId, got, want });
}

function wrongScheduler({ taskId, definition, build }: Task): Refusal | undefined {
  const want = `${build.trustDomain}-level-3`;
  const got = definition.schedulerId;
  return got === want ? undefined : refuse('wrong-scheduler', { task: taskId, got, want });
}

function wrongLabel({ taskId, definition, build }: Task): Refusal | undefined {
  const [want, older] = labels(build.name);
  const got = definition.metadata.name;
  if (got === want || got === older) return undefined;
  return refuse('wrong-label', { task: taskId, got, want });
}

/** What the task of an image is labelled: today, and in taskgraph-based repositories before October 2024. */
export function labels(name: string): readonly [string, string] {
  return [`docker-image-${name}`, `build-docker-image-${name}`];
}

function wrongImageName({ taskId, definition, build: { name: want } }: Task): Refusal | undefined {
  const got = definition.payload.env['IMAGE_NAME'] ?? 'none';
  return got === want ? undefined : refuse('wrong-image-name', { task: taskId, got, want });
}

function untrustworthy({ taskId, definition }: Task): Refusal | undefined {
  const request = pullRequestSign(definition);
  if (request) return refuse('pull-request', { task: taskId, sign: request });
  const interactive = interactiveSign(definition);
  if (interactive) return refuse('interactive', { task: taskId, sign: interactive });
  // The worker has read exactly `true`; "true" or 1 is not that.
  if (definition.payload.features['chainOfTrust'] === true) return undefined;
  return refuse('no-chain-of-trust-feature', { task: taskId });
}

/** The two forms of the source's environment: taskgraph's, and Gecko's own. A task with both must mean one thing. */
const prefixes = ['VCS', 'GECKO'] as const;

function claimedSources({
  taskId: task,
  definition,
  build,
}: Task): readonly [BuildSource, ...BuildSource[]] | Refusal {
  const project = definition.payload.env['PROJECT'];
  const ofProject = build.sources.filter((one) => project === undefined || one.project === project);
  const [first, ...rest] = ofProject.filter(
    ({ repository }) => foreign(definition, repository) === undefined,
  );
  if (first) return [first, ...rest];
  const [expected] = ofProject;
  if (!expected) {
    const want = anyOf(build.sources.map((one) => one.project));
    return refuse('wrong-project', { task, got: String(project), want });
  }
  const got = String(foreign(definition, expected.repository));
  const want = anyOf(ofProject.map(({ repository }) => repository));
  return refuse('wrong-repository', { task, got, want });
}

/** Whether a definition says that it comes from one of the image's sources: its own word, by which builds are looked for. */
export function isClaimed(definition: unknown, build: BuildPolicy, taskId: TaskId): boolean {
  const parsed = Definition.safeParse(definition);
  return (
    parsed.success && !('outcome' in claimedSources({ taskId, definition: parsed.data, build }))
  );
}

/** What the task names instead of the repository; `undefined` where it names nothing else. */
function foreign(definition: Definition, repository: string): string | undefined {
  const heads = fromEnvironment(definition, 'HEAD_REPOSITORY');
  if (heads.length === 0) return 'none';
  const { source } = definition.metadata;
  return (
    heads.find((head) => !sameRepository(head, repository)) ??
    (isWithin(source, repository) ? undefined : source)
  );
}

function anyOf(names: readonly string[]): string {
  return [...new Set(names)].join(' or ');
}

function builtRevision({ taskId, definition }: Task): Revision | Refusal {
  const revisions = new Set(fromEnvironment(definition, 'HEAD_REV'));
  const [got = 'none'] = revisions;
  const revision = Revision.safeParse(got);
  if (revision.success && revisions.size === 1) return revision.data;
  if (revisions.size === 1 && isTag(got)) return refuse('release-tag', { task: taskId, tag: got });
  return refuse('bad-revision', { task: taskId, got: [...revisions].join(' and ') || 'none' });
}

/** What a release's tasks have where a push's have the commit; a commit cut short is none, nor is a branch. */
function isTag(text: string): boolean {
  return /^(?=.*\d)[A-Za-z\d][\w./-]{0,99}$/.test(text) && !/^[0-9a-f]{7,64}$/i.test(text);
}

function fromEnvironment({ payload: { env } }: Definition, name: string): readonly string[] {
  return prefixes.map((prefix) => env[`${prefix}_${name}`]).filter((value) => value !== undefined);
}

function level3Hash({ taskId, definition, build }: Task): string | Refusal {
  const want = routePrefix(build);
  const hashes = definition.routes
    .filter((route) => route.startsWith(`index.${want}`))
    .map((route) => route.slice(`index.${want}`.length));
  const [hash] = hashes;
  if (hash && hashes.length === 1 && /^[0-9a-f]{64}$/.test(hash)) return hash;
  return refuse('no-level-3-route', { task: taskId, want });
}

function routePrefix({ trustDomain, name }: BuildPolicy): string {
  return `${trustDomain}.cache.level-3.docker-images.v2.${name}.hash.`;
}
