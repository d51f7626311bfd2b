import type { KnownBlock } from '@slack/types';
import type { WebClient } from '@slack/web-api';
import { anchorsIn } from '../domain/anchors.ts';
import type { Witness } from '../ports.ts';
import type { Anchor } from '../domain/post.ts';
import { metadataType } from './posts.ts';

export interface WitnessOptions {
  readonly client: WebClient;
  readonly channel: string;
  /** The bot itself, as Slack knows it: what others post witnesses nothing. */
  readonly self: { readonly botId: string };
}

/** Messages at once. */
const page = 200;

/** Of the channel's threads, the ones that were last answered in. */
const threads = 3;

/** How far before a thread's newest answer is read, in seconds: progress is updated in its place. */
const before = 3600;

interface Seen {
  readonly ts?: string;
  readonly thread_ts?: string;
  readonly latest_reply?: string;
  readonly bot_id?: string;
  readonly metadata?: { readonly event_payload?: object };
}

/**
 * The channel's newest messages and the ends of some threads. Every change updates its card, so a card's metadata is as
 * new as its promotion. Missed is what was told only in a card that is older than the newest {@link page} messages and
 * that the database does not know as under way.
 */
export function createWitness({ client, channel, self }: WitnessOptions): Witness {
  const bots = new Set([self.botId]);
  const history = async (): Promise<readonly Seen[]> => {
    const query = { channel, limit: page, include_all_metadata: true };
    return ((await client.conversations.history(query)).messages ?? []) as readonly Seen[];
  };
  const replies = async (ts: string, latest: string | undefined): Promise<readonly Seen[]> => {
    const oldest = latest === undefined ? {} : { oldest: String(Number(latest) - before) };
    const query = { channel, ts, limit: page, include_all_metadata: true, ...oldest };
    return ((await client.conversations.replies(query)).messages ?? []) as readonly Seen[];
  };

  return {
    async anchors(cards) {
      const recent = await history();
      const latest = new Map(recent.map((one) => [one.ts, one.latest_reply]));
      const answered = recent
        .filter((one) => one.latest_reply !== undefined && one.bot_id === self.botId)
        .toSorted((a, b) => Number(b.latest_reply) - Number(a.latest_reply))
        .slice(0, threads);
      const open = cards.filter((card) => card.channel === channel);
      const found: Anchor[] = anchorsIn(recent, bots);
      for (const ts of new Set([...answered, ...open].map((one) => one.ts ?? ''))) {
        // Deleted since: then it tells nothing.
        const told = await replies(ts, latest.get(ts)).catch(missing);
        found.push(...anchorsIn(told, bots));
      }
      return found;
    },
    async say({ text, blocks }, key) {
      const isTold = (await history()).some(
        ({ bot_id, metadata }) =>
          bot_id === self.botId && (metadata?.event_payload as { key?: unknown })?.key === key,
      );
      if (isTold) return;
      await client.chat.postMessage({
        channel,
        text,
        blocks: blocks as readonly KnownBlock[] as KnownBlock[],
        metadata: { event_type: metadataType, event_payload: { key, promotion: '', audit: '' } },
        unfurl_links: false,
        unfurl_media: false,
      });
    },
  };
}

function missing(error: unknown): readonly Seen[] {
  const { data } = error as { readonly data?: { readonly error?: string } };
  if (data?.error === 'thread_not_found' || data?.error === 'message_not_found') return [];
  throw error;
}
