/** A Block Kit block, as far as it is built here. @see https://docs.slack.dev/reference/block-kit/blocks */
export interface Block {
  readonly type: string;
  readonly [key: string]: unknown;
}

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

export function header(text: string): Block {
  return { type: 'header', text: { type: 'plain_text', text } };
}

export function mrkdwn(text: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text } };
}

export function context(text: string): Block {
  return { type: 'context', elements: [{ type: 'mrkdwn', text }] };
}

/** Text exactly as it is, in a fixed-width box: nothing in it is interpreted. */
export function preformatted(text: string): Block {
  const element = { type: 'rich_text_preformatted', elements: [{ type: 'text', text }] };
  return { type: 'rich_text', elements: [element] };
}

export function actions(elements: readonly object[]): Block {
  return { type: 'actions', elements };
}

/** A button; `value` is opaque to Slack and holds an id and a plan hash, nothing that is believed. */
export function button(
  actionId: ActionId,
  text: string,
  options: {
    readonly value: string;
    readonly style?: 'primary' | 'danger';
    readonly confirm?: string;
  },
): object {
  const { value, style, confirm } = options;
  return {
    type: 'button',
    action_id: actionId,
    text: { type: 'plain_text', text },
    value,
    ...(style ? { style } : {}),
    ...(confirm ? { confirm: confirmation(text, confirm) } : {}),
  };
}

function confirmation(title: string, text: string): object {
  return {
    title: { type: 'plain_text', text: `${title}?` },
    text: { type: 'plain_text', text: text.slice(0, 300) },
    confirm: { type: 'plain_text', text: title },
    deny: { type: 'plain_text', text: 'Not yet' },
  };
}
