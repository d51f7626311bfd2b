/** Something that Slack delivers to the app. */
export interface Delivery {
  /** The envelope's id; the same again when it is delivered again. */
  readonly id: string;
  readonly type: 'slash_commands' | 'interactive' | 'events_api';
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Which attempt at it this is. */
export interface Attempt {
  /** 0 the first time. */
  readonly number: number;
  readonly reason?: string | undefined;
}

/** What the app answered: an acknowledgement with what it held, or why there was none. */
export type Outcome =
  | { readonly ack: unknown }
  /** `operation_timeout`: not within 3 s. `dispatch_failed`: nobody listens, or an HTTP error. */
  | { readonly error: 'operation_timeout' | 'dispatch_failed' };

/** Carries a delivery to the app: Socket Mode or HTTP. Never rejects. */
export type Transport = (delivery: Delivery, attempt: Attempt) => Promise<Outcome>;
