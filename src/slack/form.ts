import type { KnownBlock, ModalView } from '@slack/types';
import type { Block } from '../domain/post.ts';

/** What a modal carries through Slack and back: an id, a hash, a channel. Nothing of it is believed unchecked. */
export interface Carried {
  readonly channel: string;
  readonly promotion?: string;
  readonly planHash?: string;
}

/** `callback_id`s of the modals. */
export const forms = { ask: 'ask', reject: 'reject-reason', details: 'details-view' } as const;

/** The same fields as the command line. */
export function askForm(images: readonly string[], carried: Carried): ModalView {
  return {
    type: 'modal',
    callback_id: forms.ask,
    private_metadata: JSON.stringify(carried),
    title: plain('Promote an image'),
    submit: plain('Ask'),
    close: plain('Cancel'),
    blocks: [
      {
        type: 'input',
        block_id: 'image',
        label: plain('Image'),
        element: {
          type: 'static_select',
          action_id: 'value',
          options: images.map((image) => ({ text: plain(image), value: image })),
        },
      },
      input('build', 'Build', {
        hint: 'A full commit (40 hex digits), a task id, latest, or a link to a task, commit or push',
      }),
      input('tag', 'Tag', { hint: 'Only where the usual one will not do', optional: true }),
      input('bug', 'Bug', { hint: 'A number; goes into the commit message', optional: true }),
      input('because', 'Because', { hint: 'Why now; the approver reads it', optional: true }),
    ],
  };
}

/** Why a request is rejected: the requester reads it. */
export function rejectForm(image: string, carried: Carried): ModalView {
  return {
    type: 'modal',
    callback_id: forms.reject,
    private_metadata: JSON.stringify(carried),
    title: plain('Reject'),
    submit: plain('Reject'),
    close: plain('Cancel'),
    blocks: [
      input('why', `Why is ${image} rejected?`, {
        hint: 'The requester reads it in the thread',
        multiline: true,
      }),
    ],
  };
}

export function detailsView(blocks: readonly Block[]): ModalView {
  return {
    type: 'modal',
    callback_id: forms.details,
    title: plain('Details'),
    close: plain('Close'),
    blocks: blocks as readonly object[] as KnownBlock[],
  };
}

/** The texts of a submitted form by block id; what was left empty is not there. */
export function formValues(view: {
  readonly state: { readonly values: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
}): Readonly<Record<string, string>> {
  const entries = Object.entries(view.state.values).flatMap(
    ([block, actions]): [string, string][] => {
      const field = actions['value'] as
        | { value?: unknown; selected_option?: { value?: unknown } }
        | undefined;
      const text = field?.value ?? field?.selected_option?.value;
      return typeof text === 'string' && text.trim() ? [[block, text.trim()]] : [];
    },
  );
  return Object.fromEntries(entries);
}

/** What the modal carried; nothing where it is not ours. */
export function carriedBy(privateMetadata: string): Carried | undefined {
  try {
    const carried = JSON.parse(privateMetadata) as Carried;
    return typeof carried.channel === 'string' ? carried : undefined;
  } catch {
    return undefined;
  }
}

function input(
  id: string,
  label: string,
  options: { readonly hint: string; readonly optional?: boolean; readonly multiline?: boolean },
): KnownBlock {
  const { hint, optional = false, multiline = false } = options;
  return {
    type: 'input',
    block_id: id,
    label: plain(label),
    hint: plain(hint),
    optional,
    element: { type: 'plain_text_input', action_id: 'value', multiline, max_length: 500 },
  };
}

function plain(text: string): { type: 'plain_text'; text: string } {
  return { type: 'plain_text', text };
}
