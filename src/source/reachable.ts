import { soundOutput } from './git-problem.ts';
import { withScratch, type GitOptions } from './git.ts';

/**
 * Whether the branch holds the commit (a full one). Only the branch's own history is asked for: a host hands out every
 * commit of a pull request, and of every fork, under the same address. Throws a {@link SourceProblem}.
 */
export async function isOnBranch(
  { url, branch }: { readonly url: string; readonly branch: string },
  commit: string,
  options: GitOptions,
): Promise<boolean> {
  return withScratch(options, url, async (scratch) => {
    const ref = `refs/heads/${branch}`;
    const git = async (...args: string[]): Promise<Buffer> =>
      soundOutput(await scratch.git(args), { ...options, ref });
    await git(...history, 'origin', ref);
    // Not asked by the commit's name: what is not there, git would fetch.
    const commits = await git('rev-list', 'FETCH_HEAD');
    return commits.includes(`${commit}\n`);
  });
}

/** Commits alone; a server that can't filter sends everything. */
const history = ['fetch', '--quiet', '--filter=tree:0', '--no-tags', '--no-recurse-submodules'];
