import type { Using } from './hands.ts';
import { card } from '../words/card.ts';
import { PromotionError, refuse } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { anchored } from '../words/messages.ts';
import type { Changed, Store } from '../store-port.ts';
import type { Anchor, Message, Post } from '../domain/post.ts';
import type { Promoted, Promotion, Pushing } from '../domain/states.ts';

/** What moving a promotion on takes. */
export type Moving = Using<'policy' | 'waiting', 'store'>;

/** What is told with a change of state. */
export interface Telling {
  /** The audit event’s kind. */
  readonly kind: string;
  readonly says?: readonly Post[];
  /** Facts for the audit event, besides what the new value tells. */
  readonly data?: object;
  /** `false` where no card was posted and none is wanted. */
  readonly card?: boolean;
}

/** Moves a promotion on: compare-and-set, audit event, card and posts in one transaction. */
export async function move(
  options: Moving,
  change: { readonly from: Promotion; readonly to: Promotion },
  telling: Telling,
): Promise<Changed> {
  const { from, to } = change;
  const { kind, says = [], card: withCard = true } = telling;
  const changed = await options.ports.store.change({
    from,
    to,
    event: { kind, actor: 'bot', data: { ...eventData(to), ...telling.data } },
    posts: (anchor) => [
      ...(withCard ? [cardPost(to, anchor, options)] : []),
      ...says.map((post) => ({ ...post, message: anchored(post.message, anchor) })),
    ],
  });
  if (changed.outcome === 'changed') await options.waiting.tell(to);
  return changed;
}

/** Whether the card was announced, be it that Slack has it by now or not. Of what was asked long ago the log knows. */
export async function isAnnounced(
  { id, announced }: Pick<Promotion, 'id' | 'announced'>,
  { ports }: { readonly ports: { readonly store: Pick<Store, 'events'> } },
): Promise<boolean> {
  if (announced !== undefined) return announced;
  for await (const event of ports.store.events({ promotion: id })) {
    if (event.kind === 'build-proven') return true;
  }
  return false;
}

export function cardPost(
  promotion: Promotion,
  anchor: Anchor,
  { policy }: Pick<Moving, 'policy'>,
): Post {
  const facts = { rootUrl: policy.taskcluster.rootUrl, required: policy.approval.required };
  return { kind: 'card', message: anchored(card(promotion, facts), anchor) };
}

export function thread(message: Message): Post {
  return { kind: 'thread', message };
}

/** The image as it is configured now. Throws where it is gone. */
export function imageOf(name: string, { policy }: Pick<Moving, 'policy'>): Image {
  const image = policy.images[name];
  if (image) return image;
  throw new PromotionError(refuse('changed-policy', { problem: `images.${name} is gone` }));
}

function isPut(to: Promotion): to is Promoted | Pushing {
  return to.state === 'promoted' || (to.state === 'pushing' && to.tagging !== undefined);
}

function eventData(to: Promotion): object {
  return {
    state: to.state,
    planHash: 'planHash' in to ? to.planHash : undefined,
    refusal: 'refusal' in to ? to.refusal : 'failure' in to ? to.failure : undefined,
    tagging: to.state === 'pushing' ? to.tagging : undefined,
    pushed: 'pushed' in to ? to.pushed : undefined,
    // Where it is published: by this the log tells later what is ours.
    ...(isPut(to) ? { registry: to.plan.registry, target: to.plan.target } : {}),
  };
}
