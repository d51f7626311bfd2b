import type Docker from 'dockerode';
import { z } from 'zod';
import { refuse, type Refusal } from '../domain/errors.ts';
import type { Target } from '../domain/plan.ts';
import { Digest } from '../domain/reference.ts';
import type { Credentials } from '../domain/secret.ts';
import { asking, printable } from './connection.ts';
import { nonsense, readEvents, type EngineEvent } from './events.ts';

export interface PushOptions {
  /** The repository as the engine names it: `docker.io/…`. */
  readonly repository: string;
  readonly target: Target;
  readonly credentials: Credentials;
  readonly signal: AbortSignal;
  readonly idle: number;
  /** Each time the engine tells of a layer. */
  readonly onLayer: (news: LayerNews) => void;
  /** Asks the registry itself what is wrong; throws where it refuses us. */
  readonly onRetry: () => Promise<void>;
}

/** What the engine tells of a layer; `id` is the beginning of its diffID in hex. */
export interface LayerNews {
  readonly id: string;
  readonly state: 'sending' | 'sent' | 'present' | 'mounted';
  readonly done: number | undefined;
}

/** Pushes `repository:tag` and gives the digest that the engine claims. Throws a PromotionError. */
export async function pushImage(docker: Docker, options: PushOptions): Promise<Digest> {
  const { repository, target, signal, idle } = options;
  const work = { verb: `push ${target.name}:${target.tag}`, noun: 'the push' };
  const given = new AbortController();
  return asking(
    { work, idle, signal: AbortSignal.any([signal, given.signal]) },
    async (stop, alive) => {
      const answer = await docker.getImage(repository).push({
        tag: target.tag,
        authconfig: { key: authHeader(options) },
        abortSignal: stop,
      });
      const claims = new Set<string>();
      const retry = once(() => options.onRetry().catch((error: unknown) => given.abort(error)));
      await readEvents(answer as unknown as AsyncIterable<Uint8Array>, {
        work,
        meaning: (message) => meaningOf(message, target),
        onEvent: (event) => {
          alive();
          for (const digest of digestsIn(event, target.tag)) claims.add(digest);
          const news = newsOf(event);
          if (news) options.onLayer(news);
          // The engine tries a refused layer five times over 50 s; the registry tells at once.
          if (event.status?.startsWith('Retrying in')) retry();
        },
      });
      const digest = Digest.safeParse([...claims][0]);
      if (claims.size !== 1 || !digest.success) throw nonsense(work, 'it ended without a digest');
      return digest.data;
    },
  );
}

/** A header whose text nobody sees but who sends it: with DEBUG=modem the client prints all that it sends. */
function authHeader({ credentials, repository }: PushOptions): string {
  const { username, password } = credentials;
  const serveraddress = repository.split('/')[0];
  const json = JSON.stringify({ username, password: password.reveal(), serveraddress });
  // URL-safe, but padded: older engines take nothing else.
  const text = Buffer.from(json).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  // Node turns a header's value into text when it writes it; printed, it is an object with a function.
  return { toString: () => text } as unknown as string;
}

/** Engines with the classic store say it twice, those with containerd's only in the status line. */
function digestsIn({ status, aux }: EngineEvent, tag: string): readonly string[] {
  const found: string[] = [];
  const line = /^(\S+): digest: (\S+) size: \d+$/.exec(status ?? '');
  if (line?.[1] === tag && line[2]) found.push(line[2]);
  const record = z.object({ Tag: z.literal(tag), Digest: z.string() }).safeParse(aux);
  if (record.success) found.push(record.data.Digest);
  return found;
}

function newsOf({ id, status, progressDetail }: EngineEvent): LayerNews | undefined {
  if (id === undefined || status === undefined) return undefined;
  const news = (state: LayerNews['state']) => ({ id, state, done: progressDetail?.current });
  if (status === 'Pushing') return news('sending');
  if (status === 'Pushed') return news('sent');
  if (status === 'Layer already exists') return news('present');
  return status.startsWith('Mounted from') ? news('mounted') : undefined;
}

/** The engine puts the registry's answer into words of its own. */
function meaningOf(message: string, { name, tag }: Target): Refusal | undefined {
  const target = `${name}:${tag}`;
  // First: why there is no more may be said in any words.
  if (/\btoomanyrequests\b|\b429 too many requests\b/i.test(message)) {
    return refuse('registry-quota', { problem: printable(message) });
  }
  if (/\bunauthorized\b|\bauthentication required\b|no basic auth credentials/i.test(message)) {
    return refuse('registry-credentials', { target, status: '401' });
  }
  return /\bdenied\b/i.test(message)
    ? refuse('registry-denied', { target, status: '403' })
    : undefined;
}

function once(work: () => Promise<void>): () => void {
  let done = false;
  return () => {
    if (!done) void work();
    done = true;
  };
}
