import type { Ask } from './ask.ts';
import type { Message } from './post.ts';

/** The `action_id`s of the buttons: the only ones that are listened to. `promote` stands with a drift. */
export const actionIds = [
  'approve',
  'reject',
  'withdraw',
  'stop',
  'retry',
  'details',
  'promote',
] as const;
export type ActionId = (typeof actionIds)[number];

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

/** Somebody who only looks, outside the channel. */
export type Visitor = Pick<Delivery, 'user' | 'team'>;

export function answer(content: Message): Answer {
  return { show: 'message', message: content };
}

/** What a filled form asks for, or what to correct in it, by field. */
export type FormRead =
  | { readonly ask: Ask }
  | { readonly errors: Readonly<Record<string, string>> };
