/** A message as data: what Slack shows, and the plain text where it can't. */
export interface Message {
  readonly text: string;
  readonly blocks: readonly object[];
  /** The audit anchor in full, for the message's metadata. */
  readonly audit?: string;
}

/** Something that Slack must have in the end. Kept in the outbox until it does; in order for each promotion. */
export type Post =
  /** The request card: posted the first time, updated in place ever after. */
  | { readonly kind: 'card'; readonly message: Message }
  /** A message in the card's thread. */
  | { readonly kind: 'thread'; readonly message: Message }
  /** A message in the thread that is replaced by the next one with the same `slot`: progress. */
  | { readonly kind: 'slot'; readonly slot: string; readonly message: Message }
  /** A text file in the thread. */
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly content: string;
      readonly message: Message;
    }
  /** Only for one person, in the configured channel. */
  | { readonly kind: 'ephemeral'; readonly user: string; readonly message: Message };

/** Where the audit chain ends: in every message, so that the channel witnesses the log. */
export interface Anchor {
  readonly seq: number;
  readonly hash: string;
}

/** A Block Kit block, as far as it is built here. @see https://docs.slack.dev/reference/block-kit/blocks */
export interface Block {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface CardPlace {
  readonly channel: string;
  readonly ts: string;
}
