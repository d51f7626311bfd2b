import type { BuildPolicy, BuildSource } from '../../src/domain/image.ts';

/** How an image of one source is built: as the policy file gives it, with what it does not say. */
export function buildPolicyOf(
  build: Pick<BuildPolicy, 'name' | 'trustDomain' | 'workerPool'> & Partial<BuildPolicy>,
  {
    project,
    repository,
    branch = 'main',
    releases = false,
  }: Pick<BuildSource, 'project' | 'repository'> & Partial<BuildSource>,
): BuildPolicy {
  return {
    decision: { pool: `${build.trustDomain}-3/decision` },
    sources: [{ project, repository, branch, releases }],
    ...build,
  };
}
