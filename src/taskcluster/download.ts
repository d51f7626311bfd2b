import type { Dispatcher } from 'undici';
import { fail } from '../domain/errors.ts';
import type { ArtifactFacts, TrustedBuild } from '../domain/plan.ts';
import type { Artifact, Bytes, OpenOptions } from '../ports.ts';
import { requestArtifact, type Source } from './artifact.ts';
import { checked } from './checked.ts';
import { LeastRate } from './least-rate.ts';
import { partOf, type Part } from './part.ts';
import { attempts, brokenConnection, isAgain, isStalled, repeat, type Again } from './http.ts';

export interface DownloadLimits {
  /** Largest artifact in bytes. */
  readonly artifact: number;
  /** Bytes a second that must come, over each minute in which they are waited for. */
  readonly downloadRate: number;
}

/**
 * Opens the artifact of exactly the proven run. A broken download goes on where it stopped, from a fresh address; what
 * comes out is hashed in order, whatever the servers sent twice.
 */
export async function openDownload(
  source: Source,
  limits: DownloadLimits,
  { build, options }: { readonly build: TrustedBuild; readonly options: OpenOptions },
): Promise<Artifact> {
  const { approved } = options;
  if (approved && approved.sha256 !== build.artifact.sha256) {
    fail('changed-artifact', { problem: 'the chain of trust signs another sha256' });
  }
  const deadline = AbortSignal.timeout(source.http.timeouts.download);
  const download: Download = {
    source,
    build,
    limits,
    rate: new LeastRate(limits.downloadRate, source.clock),
    signal: AbortSignal.any([options.signal, deadline]),
    deadline,
  };
  download.rate.wait();
  const first = await withinDeadline(download, () => connect(download, { offset: 0 }));
  inTime(download, 0);
  const { total: size } = first;
  if (approved && size !== undefined && size !== approved.size) {
    first.body.destroy();
    fail('changed-artifact', { problem: `${size} bytes now, ${approved.size} then` });
  }
  let facts: ArtifactFacts | undefined;
  const bytes = checked(resumed(download, first), {
    build,
    approved,
    onEnd: (passed) => {
      facts = passed;
    },
  });
  return {
    bytes,
    size,
    facts: () => {
      if (!facts) throw new Error('The artifact has not been read to its end');
      return facts;
    },
  };
}

interface Download {
  readonly source: Source;
  readonly build: TrustedBuild;
  readonly limits: DownloadLimits;
  readonly rate: LeastRate;
  readonly signal: AbortSignal;
  readonly deadline: AbortSignal;
}

async function withinDeadline<T>(download: Download, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!download.deadline.aborted) throw error;
    return tooSlow(download);
  }
}

/** Every byte once and in order, through as many connections as it takes. */
async function* resumed(download: Download, first: Part): Bytes & AsyncGenerator<Uint8Array> {
  let part = first;
  let offset = 0;
  let fruitless = 0;
  download.rate.wait();
  for (;;) {
    const before = offset;
    const broken = yield* passed(part);
    if (!broken) break;
    fruitless = offset > before ? 0 : fruitless + 1;
    if (fruitless >= attempts) giveUp(download, broken);
    const position = { offset, total: first.total };
    part = await withinDeadline(download, () => connect(download, position));
    if (part.total !== first.total && part.total !== undefined && first.total !== undefined) {
      part.body.destroy();
      lengthProblem(download, part.total, first.total);
    }
  }
  const { total = offset } = first;
  if (offset !== total) lengthProblem(download, offset, total);

  /** Passes on what is new in the part. Gives the error that broke it, or `undefined` at its end. */
  async function* passed({ body, start }: Part): AsyncGenerator<Uint8Array, object | undefined> {
    let at = start;
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        const fresh = at < offset ? chunk.subarray(offset - at) : chunk;
        at += chunk.length;
        // What was here before gets nobody further, so it is waited for on.
        if (fresh.length === 0) continue;
        inTime(download, fresh.length);
        offset += fresh.length;
        if (offset > download.limits.artifact) tooLarge(download);
        yield fresh;
        download.rate.wait();
      }
      return undefined;
    } catch (error) {
      if (download.deadline.aborted) return tooSlow(download);
      brokenConnection(error, download.signal);
      return error as object;
    }
  }
}

/** How far it got, of how much. */
interface Position {
  readonly offset: number;
  readonly total?: number | undefined;
}

/** Asks for the artifact from byte `offset` on; a few times. */
function connect(download: Download, position: Position): Promise<Part> {
  const { offset } = position;
  const { source, build, signal } = download;
  const { taskId, runId, artifact } = build;
  const what = `the request for ${artifact.name} of ${taskId}`;
  const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
  return repeat(source.http, { what, signal }, async (): Promise<Part | Again> => {
    const name = { taskId, runId, name: artifact.name };
    const response = await requestArtifact(source, name, { signal, headers });
    if (!response) {
      return fail('artifact-missing', {
        artifact: artifact.name,
        task: taskId,
        run: String(runId),
      });
    }
    if (isAgain(response)) return response;
    try {
      return checkedPart(download, response, position);
    } catch (error) {
      response.body.destroy();
      throw error;
    }
  });
}

function checkedPart(
  download: Download,
  response: Dispatcher.ResponseData,
  { offset, total }: Position,
): Part {
  const { taskId, artifact } = download.build;
  if (response.statusCode === 416 && total !== undefined) lengthProblem(download, offset, total);
  const encoding = response.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    const said = String(encoding).slice(0, 40);
    fail('artifact-encoding', { artifact: artifact.name, task: taskId, encoding: said });
  }
  const part = partOf(response, offset);
  if (!part) {
    const problem = 'it sends another part than was asked for';
    return fail('taskcluster-nonsense', {
      what: `the request for ${artifact.name} of ${taskId}`,
      problem,
    });
  }
  if (part.total !== undefined && part.total > download.limits.artifact) tooLarge(download);
  return part;
}

function giveUp({ source, build }: Download, error: object): never {
  const { artifact, taskId } = build;
  if (isStalled(error)) {
    const seconds = String(source.http.timeouts.idle / 1000);
    fail('download-stalled', { artifact: artifact.name, seconds });
  }
  const problem = 'the connection breaks every time';
  return fail('taskcluster-unreachable', {
    what: `the request for ${artifact.name} of ${taskId}`,
    problem,
  });
}

function tooSlow({ source, build }: Download): never {
  const seconds = String(source.http.timeouts.download / 1000);
  return fail('download-timeout', { artifact: build.artifact.name, seconds });
}

/** What was waited for came: in time, or it is given up. */
function inTime({ rate, limits, build }: Download, bytes: number): void {
  if (rate.came(bytes)) return;
  const least = `${limits.downloadRate / 1024} KiB/s`;
  fail('download-too-slow', { artifact: build.artifact.name, rate: least });
}

function tooLarge({ build, limits }: Download): never {
  const { artifact, taskId } = build;
  return fail('artifact-too-large', {
    artifact: artifact.name,
    task: taskId,
    limit: `${limits.artifact} bytes`,
  });
}

function lengthProblem({ build }: Download, got: number, want: number): never {
  const { artifact, taskId } = build;
  return fail('artifact-length', {
    artifact: artifact.name,
    task: taskId,
    got: String(got),
    want: String(want),
  });
}
