import { request } from 'undici';
import { z } from 'zod';
import type { TreeFile } from '../domain/tree.ts';
import { SourceProblem, type TreeLimits } from './problem.ts';

export interface HgOptions {
  /** For one request, its body included. */
  readonly timeoutMs: number;
  readonly limits: TreeLimits;
}

/** What `/json-rev/<name>` says, as far as it is needed. */
const Changeset = z.object({ node: z.string().regex(/^[0-9a-f]{40}$/) });

/** A changeset with its whole diff, as a stock hgweb gives it. */
const largestChangeset = 64 * 1024 * 1024;

/** The 40 hex digits of the changeset that a branch, bookmark or tag names now. Throws a {@link SourceProblem}. */
export async function hgRevision(url: string, name: string, options: HgOptions): Promise<string> {
  const body = await get(`${base(url)}/json-rev/${escape(name)}`, largestChangeset, options);
  if (!body)
    throw new SourceProblem({
      problem: `it has no branch ${name}, or is no Mercurial repository`,
      mayPass: false,
    });
  try {
    return Changeset.parse(JSON.parse(body.toString())).node;
  } catch {
    throw new SourceProblem({
      problem: 'its answer is not that of a Mercurial server',
      mayPass: false,
    });
  }
}

/** One file at a changeset; `undefined` where there is none. Whether it is executable the server does not say. */
export async function readHgFile(
  url: string,
  { revision, path }: { readonly revision: string; readonly path: string },
  options: HgOptions,
): Promise<TreeFile | undefined> {
  const address = `${base(url)}/raw-file/${escape(revision)}/${path.split('/').map(escape).join('/')}`;
  const body = await get(address, options.limits.fileBytes, options);
  return body && { path, bytes: new Uint8Array(body), executable: false };
}

function base(url: string): string {
  return url.replace(/\/+$/, '');
}

/** hgweb splits its path after decoding it; a `/` in a branch's name has to be escaped twice. */
function escape(name: string): string {
  return encodeURIComponent(name.replaceAll('/', '%2F'));
}

/** The body of a 200; `undefined` for a 404. Redirects are not followed. */
async function get(
  address: string,
  limit: number,
  { timeoutMs }: HgOptions,
): Promise<Buffer | undefined> {
  try {
    const { statusCode, body } = await request(address, {
      headers: { 'user-agent': 'promote-image' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode !== 200) {
      await body.dump({ limit: 64 * 1024 });
      if (statusCode === 404) return undefined;
      throw new SourceProblem(refused(statusCode));
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit)
        throw new SourceProblem({ problem: 'it is larger than allowed', mayPass: false });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof SourceProblem) throw error;
    throw new SourceProblem({ problem: networkProblem(error, timeoutMs), mayPass: true });
  }
}

function refused(status: number): { readonly problem: string; readonly mayPass: boolean } {
  if (status >= 300 && status < 400) {
    return { problem: 'it redirects to another address, which is not followed', mayPass: false };
  }
  return { problem: `its server answered ${status}`, mayPass: status >= 500 || status === 429 };
}

function networkProblem(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `no answer within ${timeoutMs / 1000} s`;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its host is not known';
    case 'ECONNREFUSED':
      return 'nothing answers there';
    default:
      return 'the connection broke';
  }
}
