import type { ActionId } from '../domain/delivery.ts';
import type { Block } from '../domain/post.ts';
import type { Mrkdwn } from './mrkdwn.ts';
import { visible } from '../domain/visible.ts';

/** Text that Slack shows as it is: nothing in it is live, `:codes:` neither. */
export interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  readonly emoji: false;
}

/** Text from anywhere, word for word but for what nobody could see. */
export function plainText(text: string): PlainText {
  return { type: 'plain_text', text: visible(text), emoji: false };
}

/** `verbatim`: no address, channel or name in it becomes a link by itself. */
function markup({ text }: Mrkdwn): object {
  return { type: 'mrkdwn', text, verbatim: true };
}

export function header(text: string): Block {
  return { type: 'header', text: plainText(text) };
}

export function mrkdwn(text: Mrkdwn): Block {
  return { type: 'section', text: markup(text) };
}

/** Anybody's words, line by line, in a paragraph of their own; 3,000 characters are the most that Slack takes. */
export function quoted(...lines: readonly string[]): Block {
  const text = lines.map(visible).join('\n').trim() || '(nothing that can be seen)';
  return { type: 'section', text: { type: 'plain_text', text, emoji: false } };
}

/** Small print: words of ours, and anybody's as {@link plainText}. */
export function context(...parts: readonly (Mrkdwn | PlainText)[]): Block {
  const elements = parts.map((part) => ('type' in part ? part : markup(part)));
  return { type: 'context', elements };
}

/** Two columns of short facts. */
export function columns(fields: readonly Mrkdwn[]): Block {
  return { type: 'section', fields: fields.map(markup) };
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
    text: plainText(text),
    value,
    ...(style ? { style } : {}),
    ...(confirm ? { confirm: confirmation(text, confirm) } : {}),
  };
}

function confirmation(title: string, text: string): object {
  return {
    title: plainText(`${title}?`),
    text: plainText(text.slice(0, 300)),
    confirm: plainText(title),
    deny: plainText('Not yet'),
  };
}
