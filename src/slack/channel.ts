import type { WebClient } from '@slack/web-api';
import { z } from 'zod';
import { PromotionError, refuse } from '../domain/errors.ts';

/** @see https://docs.slack.dev/reference/objects/conversation-object */
const Channel = z.object({
  id: z.string(),
  is_private: z.boolean().optional(),
  is_ext_shared: z.boolean().optional(),
  is_shared: z.boolean().optional(),
  is_org_shared: z.boolean().optional(),
  is_pending_ext_shared: z.boolean().optional(),
  pending_shared: z.array(z.string()).optional(),
  pending_connected_team_ids: z.array(z.string()).optional(),
});

export interface ChannelFacts {
  readonly isPrivate: boolean;
  /** With whom it is shared outside our own company, or may be at any moment; `undefined` where with nobody. */
  readonly sharing: string | undefined;
}

/** A channel as it is now. Throws what Slack’s client throws, and `channel-unknown` where the answer makes no sense. */
export async function lookAtChannel(client: WebClient, id: string): Promise<ChannelFacts> {
  const answer = await client.conversations.info({ channel: id });
  const channel = Channel.safeParse(answer.channel);
  if (!channel.success || channel.data.id !== id) {
    throw new PromotionError(refuse('channel-unknown', { problem: 'its answer makes no sense' }));
  }
  return {
    isPrivate: channel.data.is_private ?? id.startsWith('G'),
    sharing: sharingOf(channel.data),
  };
}

/** An invitation counts: whoever takes it is in the channel at that moment, without anybody of ours being asked. */
function sharingOf(channel: z.infer<typeof Channel>): string | undefined {
  // Shared among workspaces of one Enterprise organisation alone: those are colleagues.
  const isOursAlone = !channel.is_shared || channel.is_org_shared;
  if (channel.is_ext_shared || !isOursAlone) return 'another workspace is in it';
  const invited = [channel.pending_shared, channel.pending_connected_team_ids];
  if (channel.is_pending_ext_shared || invited.some((ids) => ids && ids.length > 0)) {
    return 'another workspace is invited';
  }
  return undefined;
}
