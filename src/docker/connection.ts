import { addAbortListener } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { z } from 'zod';
import { readDockerHost, type DockerVariables } from './host.ts';
import { interruption, PromotionError, refuse } from '../domain/errors.ts';

/** What the engine is asked to do, for the sentences about it. */
export interface Work {
  /** `load the image` */
  readonly verb: string;
  /** `the load` */
  readonly noun: string;
}

/**
 * The engine that the environment’s variables name; by default at its usual socket. Nothing is asked yet. Throws
 * `docker-unreachable` for one that others could listen to, and where its certificates cannot be read.
 */
export function connect(given: DockerVariables = {}): Docker {
  const at = readDockerHost(given);
  if (at.kind === 'refused') throw unreachable(`DOCKER_HOST ${at.problem}`);
  // Given even where undefined: what is left out, the client takes from the process's DOCKER_HOST.
  const none = { ca: undefined, cert: undefined, key: undefined };
  if (at.kind === 'socket') {
    return new Docker({ ...none, socketPath: at.path, host: undefined, port: undefined });
  }
  const { protocol, host, port, certificates } = at;
  const pems = certificates === undefined ? none : pemsIn(certificates);
  return new Docker({ ...pems, protocol, host, port });
}

function pemsIn(folder: string) {
  const read = (name: string): Buffer => {
    try {
      return readFileSync(join(folder, name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw unreachable(`${name} of DOCKER_CERT_PATH cannot be read (${code})`);
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

function unreachable(problem: string): PromotionError {
  return new PromotionError(refuse('docker-unreachable', { what: 'anything', problem }));
}

export interface AskOptions {
  readonly work: Work;
  readonly signal: AbortSignal;
  /** Milliseconds without any sign of life after which the engine is given up. */
  readonly idle: number;
}

/** Hands an abort signal for dockerode to `ask`, and what to call at each sign of life. */
export type Asking<T> = (signal: AbortSignal, alive: () => void) => Promise<T>;

/** Asks the engine for something, however long it takes while it shows life. Throws a PromotionError of our words. */
export async function asking<T>(options: AskOptions, ask: Asking<T>): Promise<T> {
  const { work, signal, idle } = options;
  if (signal.aborted) throw interruption(signal);
  const stop = new AbortController();
  using _ = addAbortListener(signal, () => stop.abort(interruption(signal)));
  const timer = setTimeout(() => stop.abort(silent(options)), idle);
  const aborted = Promise.withResolvers<never>();
  stop.signal.addEventListener('abort', () => aborted.reject(stop.signal.reason));
  try {
    // Not every question of dockerode ends when it is aborted.
    return await Promise.race([aborted.promise, ask(stop.signal, () => timer.refresh())]);
  } catch (error) {
    if (stop.signal.reason instanceof PromotionError) throw stop.signal.reason;
    throw inOurWords(error, work);
  } finally {
    clearTimeout(timer);
  }
}

interface Question<T> {
  readonly path: string;
  readonly answer: z.ZodType<T>;
}

/**
 * Asks for facts where dockerode's own question can't be stopped: it would wait for a frozen engine for ever. Throws what
 * dockerode throws, or a ZodError.
 */
export async function factsOf<T>(
  docker: Docker,
  { path, answer }: Question<T>,
  abortSignal: AbortSignal,
): Promise<T> {
  const statusCodes = { 200: true, 404: 'no such thing', 500: 'server error' };
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  docker.modem.dial({ path, method: 'GET', abortSignal, statusCodes }, (error, found) => {
    if (error) reject(error);
    else resolve(found);
  });
  return answer.parse(await promise);
}

function silent({ work, idle }: AskOptions): PromotionError {
  const problem = `nothing came for ${idle / 1000} s`;
  return new PromotionError(refuse('docker-unreachable', { what: work.noun, problem }));
}

/** An error that stands for an answer: `(HTTP code 500) server error - what the engine said`. */
const answered = z.object({
  statusCode: z.int(),
  message: z.string(),
});

/** An error of dockerode in our words. The error itself is dropped: it may lead to what we sent. */
function inOurWords(error: unknown, work: Work): PromotionError {
  if (error instanceof PromotionError) return error;
  const answer = answered.safeParse(error);
  if (answer.success) {
    const said = answer.data.message.replace(/^\(HTTP code \d+\) .*? - /, '');
    const problem = printable(said) || `status ${answer.data.statusCode}`;
    return new PromotionError(refuse('docker-failed', { what: work.verb, problem }));
  }
  if (error instanceof z.ZodError) {
    const problem = 'it is not what was asked for';
    return new PromotionError(refuse('docker-nonsense', { what: work.noun, problem }));
  }
  const code = z.object({ code: z.string() }).safeParse(error);
  const problem = printable(code.data?.code ?? 'the connection broke');
  return new PromotionError(refuse('docker-unreachable', { what: work.noun, problem }));
}

/** Whether dockerode says that there is no such thing. */
export function isMissing(error: unknown): boolean {
  return answered.safeParse(error).data?.statusCode === 404;
}

/** One short line of text that the engine gave. */
export function printable(text: string): string {
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}
