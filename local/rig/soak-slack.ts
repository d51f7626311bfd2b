import { WebAPIRateLimitedError, type WebClient } from '@slack/web-api';
import type { Chance } from './soak-ports.ts';

/** A Slack that takes posts, and now and then takes one without saying so, or none at all. Keeps next to nothing. */
export interface SoakSlack {
  readonly client: WebClient;
  /** Messages in the channel and its threads, each counted once per key. */
  readonly posts: number;
  /** Keys of which a second message was posted. */
  readonly doubled: readonly string[];
  readonly calls: number;
}

interface Posted {
  readonly metadata?: { readonly event_payload: { readonly key: string } };
}

/** Long enough for whatever is repeated within minutes. */
const remembered = 500;

export function soakSlack(fails: Chance): SoakSlack {
  /** Messages that were taken without an answer, by key: what the bot looks up before it repeats. */
  const unanswered = new Map<string, string>();
  const doubled: string[] = [];
  let posts = 0;
  let calls = 0;

  async function call<T>(take: () => T): Promise<T> {
    calls += 1;
    if (fails()) throw new Error('no answer');
    if (fails()) throw new WebAPIRateLimitedError(0.02);
    return take();
  }

  const chat = {
    postMessage: (message: Posted) =>
      call(() => {
        const key = message.metadata?.event_payload.key ?? '';
        if (unanswered.has(key)) doubled.push(key);
        posts += 1;
        const ts = `${posts}.000001`;
        if (fails()) {
          unanswered.set(key, ts);
          const [oldest] = unanswered.keys();
          if (unanswered.size > remembered && oldest !== undefined) unanswered.delete(oldest);
          throw new Error('no answer');
        }
        return { ok: true, channel: 'C0IMAGES1', ts };
      }),
    update: () => call(() => ({ ok: true })),
    postEphemeral: () => call(() => ({ ok: true, message_ts: '1.000001' })),
  };
  const found = () =>
    call(() => ({
      ok: true,
      messages: [...unanswered].map(([key, ts]) => ({
        ts,
        metadata: { event_payload: { key } },
      })),
    }));
  const conversations = { replies: found, history: found };
  return {
    client: { chat, conversations } as unknown as WebClient,
    doubled,
    get posts() {
      return posts;
    },
    get calls() {
      return calls;
    },
  };
}
