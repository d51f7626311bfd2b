import type { ActionId } from './blocks.ts';
import type { Refusal } from './errors.ts';
import { refused } from './messages.ts';
import type { Store } from './store-port.ts';
import type { Message } from './post.ts';

/** Where a Slack delivery comes from. `envelope` is the same for the same delivery and no other. */
export interface Delivery {
  readonly envelope: string;
  readonly user: string;
  readonly team: string;
  readonly channel: string;
}

/** A click on one of the card’s buttons. Nothing but the id and the plan hash is taken from the button’s value. */
export interface Click extends Delivery {
  readonly action: ActionId;
  readonly promotion: string;
  readonly planHash: string;
  /** Why it is rejected. */
  readonly why?: string | undefined;
}

/** What the person gets at once: a message only they see, or a form. */
export type Answer =
  | { readonly show: 'message'; readonly message: Message }
  | { readonly show: 'form' }
  | { readonly show: 'nothing' };

export function answer(content: Message): Answer {
  return { show: 'message', message: content };
}

/** A refused line or click is worth an audit event; the person alone sees why. */
export async function answerRefusal(
  refusal: Refusal,
  delivery: Delivery & { readonly promotion?: string },
  store: Store,
): Promise<Answer> {
  const { reason, facts } = refusal;
  const noted = await store.note({
    event: { kind: 'refused', actor: delivery.user, data: { reason, facts } },
    envelope: delivery.envelope,
    promotion: delivery.promotion,
  });
  return noted.outcome === 'duplicate' ? { show: 'nothing' } : answer(refused(refusal));
}
