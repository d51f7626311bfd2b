import type { GitEnd } from './git.ts';
import { SourceProblem, type Problem } from './problem.ts';

/** git's own sentences (LC_ALL=C), the surest first. `{ref}` is what was asked for. */
const known: readonly (readonly [RegExp, string, mayPass?: 'may pass'])[] = [
  [/couldn't find remote ref|no such remote ref|not our ref/i, 'it has no {ref}'],
  [
    /mismatched algorithms|unknown object format|unsupported hash algorithm/i,
    'its commits are named by SHA-256, and only repositories of SHA-1 can be read',
  ],
  [
    /could not read Username|Authentication failed|terminal prompts disabled|returned error: 40[13]/,
    'it asks for a login, or does not exist',
  ],
  [/Permission denied \(|Host key verification failed/, 'ssh is not let in'],
  [/transport '[^']*' not allowed/, 'this kind of address is not allowed'],
  [
    /unable to update url base from redirection|returned error: 30\d|redirect/i,
    'it redirects to another address, which is not followed',
  ],
  [/SSL certificate|certificate verif|server certificate/i, 'its TLS certificate is not valid'],
  [
    /dumb http transport does not support/,
    'its server only hands out files (git’s dumb protocol) and cannot send one commit alone',
  ],
  [/dubious ownership/, 'the repository belongs to another user of this machine'],
  [
    /Repository not found|repository '[^']*' not found|does not appear to be a git repository|returned error: 404|not valid: is this a git repository/i,
    'there is no repository',
  ],
  [/Could not resolve host/, 'its host is not known', 'may pass'],
  [/Failed to connect|Connection refused|Couldn't connect/i, 'nothing answers there', 'may pass'],
  [/returned error: (?:429|5\d\d)/, 'the server has trouble', 'may pass'],
  [/No space left on device/, 'the disk of the bot is full'],
  [/too slow|timed out|Operation timed out/i, 'it answers too slowly', 'may pass'],
  [
    /early EOF|hung up|Connection reset|RPC failed|unexpected disconnect|bad pack|invalid index-pack|Could not read from remote|unable to access/i,
    'the connection broke',
    'may pass',
  ],
];

/** What a git process was started for. */
export interface GitAsked {
  readonly timeoutMs: number;
  /** `refs/heads/main`, or a commit. */
  readonly ref?: string | undefined;
}

/** What git printed. Throws a {@link SourceProblem} where it did not end well. */
export function soundOutput(end: GitEnd, asked: GitAsked): Buffer {
  if (end.outcome !== 'done') throw new SourceProblem(gitProblem(end, asked));
  return end.stdout;
}

/** The end of a git process in words. stderr is never shown: it quotes addresses, paths and what a server sent. */
export function gitProblem(end: GitEnd, { timeoutMs, ref }: GitAsked): Problem {
  switch (end.outcome) {
    case 'no-git':
      return { problem: 'git is not on PATH', mayPass: false };
    case 'timeout':
      return { problem: `no answer within ${timeoutMs / 1000} s`, mayPass: false };
    case 'too-much':
      return { problem: 'it is larger than allowed', mayPass: false };
    case 'done':
    case 'failed': {
      const [, problem, mayPass] = known.find(([pattern]) => pattern.test(end.stderr)) ?? [];
      if (problem) {
        return {
          problem: problem.replace('{ref}', () => named(ref)),
          mayPass: mayPass !== undefined,
        };
      }
      return { problem: `git ended with ${end.exitCode ?? 'a signal'}`, mayPass: true };
    }
  }
}

function named(ref: string | undefined): string {
  if (ref === undefined) return 'such branch or commit';
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  return branch === undefined ? `commit ${ref}` : `branch ${branch}`;
}
