import { z } from 'zod';
import type { BuildPolicy } from './image.ts';
import { serviceUrl } from './urls.ts';

export const slug = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'is not a plain name');

export const branch = z
  .string()
  .regex(/^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|\.lock$))[\w./-]+$/, 'is not a branch name');

const workerPool = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,38}\/[A-Za-z0-9_-]{1,38}$/, 'is not <provisionerId>/<workerType>');

const buildSource = z.strictObject({
  project: slug,
  repository: serviceUrl,
  branch: branch.optional(),
  releases: z.boolean().optional(),
});
type GivenSource = z.infer<typeof buildSource>;

const givenBuild = z.strictObject({
  ...buildSource.partial().shape,
  name: slug,
  trustDomain: slug,
  workerPool,
  sources: z.array(buildSource).min(1).optional(),
  decision: z
    .union(
      [z.literal('none'), z.strictObject({ pool: workerPool })],
      'is neither { pool: <provisionerId>/<workerType> } nor none',
    )
    .optional(),
});
type GivenBuild = z.infer<typeof givenBuild>;

/** How an image is built, as the policy file says it: one source directly, or several under `sources`. */
export const buildPolicy = givenBuild
  .superRefine((given, context) => {
    for (const [path, message] of contradictions(given)) {
      context.addIssue({ code: 'custom', path: [...path], message });
    }
  })
  .transform((given): BuildPolicy => {
    const { name, trustDomain, decision = { pool: `${trustDomain}-3/decision` } } = given;
    const sources = sourcesOf(given).map(({ project, repository, ...source }) => ({
      project,
      repository,
      branch: source.branch ?? defaultBranch(repository),
      releases: source.releases ?? false,
    }));
    return { name, trustDomain, workerPool: given.workerPool, sources, decision };
  });

type Contradiction = readonly [path: readonly (string | number)[], message: string];

function contradictions(given: GivenBuild): readonly Contradiction[] {
  const { sources, decision } = given;
  const direct = (['project', 'repository', 'branch', 'releases'] as const).filter(
    (key) => given[key] !== undefined,
  );
  const found: Contradiction[] = [];
  if (sources && direct.length > 0) {
    found.push([['sources'], `stands beside ${direct.join(', ')}: say it in one of the two ways`]);
  }
  for (const key of ['project', 'repository'] as const) {
    if (!sources && given[key] === undefined) found.push([[key], 'is missing']);
  }
  if (typeof decision === 'object' && decision.pool === given.workerPool) {
    found.push([['decision', 'pool'], 'is the pool that builds the image: an image would decide']);
  }
  const all = sourcesOf(given);
  for (const [at, source] of all.entries()) {
    const path = sources ? ['sources', at] : [];
    found.push(...sourceContradictions(source, { path, before: all.slice(0, at), decision }));
  }
  return found;
}

function sourceContradictions(
  source: GivenSource,
  given: {
    readonly path: readonly (string | number)[];
    readonly before: readonly GivenSource[];
    readonly decision: GivenBuild['decision'];
  },
): readonly Contradiction[] {
  const { path, before, decision } = given;
  const found: Contradiction[] = [];
  for (const key of ['branch', 'releases'] as const) {
    if (decision === 'none' && source[key] !== undefined) {
      found.push([[...path, key], 'is proven by a decision task only, and decision is none']);
    }
  }
  for (const other of before.filter(({ project }) => project === source.project)) {
    if (other.repository !== source.repository) {
      const message = `is not ${other.repository}, which stands above for the same project`;
      found.push([[...path, 'repository'], message]);
    } else if (branchOf(other) === branchOf(source)) {
      found.push([path, 'stands above already']);
    }
  }
  return found;
}

/** None where not even one is given whole: that is a problem of its own. */
function sourcesOf({ sources, project, repository, ...rest }: GivenBuild): readonly GivenSource[] {
  if (sources) return sources;
  if (project === undefined || repository === undefined) return [];
  return [{ project, repository, branch: rest.branch, releases: rest.releases }];
}

function branchOf({ repository, branch: given }: GivenSource): string {
  return given ?? defaultBranch(repository);
}

/** Mercurial's hosts are called so; git's are everything else. */
function defaultBranch(repository: string): string {
  return new URL(repository).hostname.startsWith('hg.') ? 'default' : 'main';
}
