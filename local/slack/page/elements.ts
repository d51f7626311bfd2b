import { valueOf } from '../inputs.ts';
import type { Element } from '../block-check.ts';
import { shortName, withSigns } from './emoji.ts';
import { Html, html, type Content } from './html.ts';
import { decode, mrkdwn, type Reader } from './mrkdwn.ts';

interface TextObject {
  readonly type: 'plain_text' | 'mrkdwn';
  readonly text: string;
  readonly verbatim?: boolean;
  readonly emoji?: boolean;
}

/** A text object as HTML. */
export function text(given: unknown, reader: Reader): Html {
  const { type, text: said, verbatim } = given as TextObject;
  return type === 'mrkdwn'
    ? mrkdwn(said, reader, verbatim)
    : html`<span class="pre-line">${words(given)}</span>`;
}

/** The words of a `plain_text` object where only text can stand: signs are left out. */
export function plain(given: unknown): string {
  const { text: said = '' } = (given ?? {}) as Partial<TextObject>;
  return decode(said).replaceAll(shortName, '').trim();
}

/** The words of a `plain_text` object with its signs, unless they are to stay `:codes:`. */
export function words(given: unknown): Html {
  const { text: said = '', emoji } = (given ?? {}) as Partial<TextObject>;
  return emoji === false ? html`${decode(said)}` : withSigns(decode(said));
}

interface Confirm {
  readonly title: unknown;
  readonly text: unknown;
  readonly confirm: unknown;
  readonly deny: unknown;
  readonly style?: string;
}

/** A button, menu or field that can be acted on. `block` is the id of its block. */
export function element(given: Element, block: string, reader: Reader): Html {
  if (given.type === 'button') return button(given, block, reader);
  if (given.type === 'overflow') return select(given, { block, label: 'More actions' });
  return field(given, { block, label: plain(given['placeholder']) || 'Choose', isAction: true });
}

function button(given: Element, block: string, reader: Reader): Html {
  const label = given['accessibility_label'] as string | undefined;
  const style = (given['style'] as string | undefined) ?? 'plain';
  const shown = words(given['text']);
  const confirm = given['confirm'] as Confirm | undefined;
  const data = html`data-action="${given.action_id}" data-block="${block}"`;
  const url = given['url'] as string | undefined;
  const href = url && /^https?:\/\//.test(url) ? url : undefined;
  const named = label ? html`aria-label="${label}"` : undefined;
  return href
    ? html`<a
        class="button ${style}"
        href="${href}"
        target="_blank"
        rel="noreferrer"
        ${data}
        ${named}
        >${shown}</a
      >`
    : html`<button type="button" class="button ${style}" ${data} ${named}>${shown}</button>${
          confirm && dialog(confirm, reader)
        }`;
}

/** What a confirm dialog says, kept beside its button until it is needed. */
function dialog({ title, text: said, confirm, deny, style }: Confirm, reader: Reader): Html {
  return html`<template data-confirm data-style="${style ?? 'primary'}">
    <h2>${words(title)}</h2>
    <div class="said">${text(said, reader)}</div>
    <footer>
      <button type="submit" value="no" class="button plain">${words(deny)}</button>
      <button type="submit" value="yes" class="button ${style ?? 'primary'}">
        ${words(confirm)}
      </button>
    </footer>
  </template>`;
}

interface Option {
  readonly value: string;
  readonly text: unknown;
  readonly description?: unknown;
}

/** How a field is wired: to its block, its label, and whether a change is an action at once. */
export interface Wiring {
  readonly block: string;
  readonly label: string;
  readonly id?: string;
  readonly describedBy?: string;
  readonly isRequired?: boolean;
  readonly isAction?: boolean;
}

/** An input: text field, menu, choices. What it holds at first is what Slack would send untouched. */
export function field(given: Element, wiring: Wiring): Html {
  switch (given.type) {
    case 'static_select':
    case 'multi_static_select':
      return select(given, wiring);
    case 'radio_buttons':
    case 'checkboxes':
      return choices(given, wiring);
    default:
      return typed(given, wiring);
  }
}

function attributes(given: Element, wiring: Wiring): Content {
  return html`name="${wiring.block}" ${wiring.id && html`id="${wiring.id}"`}
  ${wiring.id ? undefined : html`aria-label="${wiring.label}"`}
  ${wiring.describedBy && html`aria-describedby="${wiring.describedBy}"`}
  ${wiring.isRequired && html`aria-required="true"`}
  ${wiring.isAction && html`data-action="${given.action_id}" data-block="${wiring.block}"`}
  ${given['focus_on_load'] === true && html`autofocus`}`;
}

function select(given: Element, wiring: Wiring): Html {
  const options = given['options'] as readonly Option[];
  const isMany = given.type === 'multi_static_select';
  const chosen = JSON.stringify(valueOf(given, undefined));
  const items = options.map(
    ({ value, text: said }) =>
      html`<option
        value="${value}"
        ${chosen.includes(JSON.stringify(value)) && new Html('selected')}
      >
        ${plain(said)}
      </option>`,
  );
  const first = isMany ? undefined : html`<option value="">${wiring.label}</option>`;
  return html`<select
    ${attributes(given, { ...wiring, isAction: wiring.isAction ?? given.type === 'overflow' })}
    ${isMany && html`multiple`}
  >
    ${first}${items}
  </select>`;
}

function choices(given: Element, wiring: Wiring): Html {
  const options = given['options'] as readonly Option[];
  const type = given.type === 'checkboxes' ? 'checkbox' : 'radio';
  const chosen = JSON.stringify(valueOf(given, undefined));
  const { id: _, ...unnamed } = wiring;
  return html`<span class="choices" role="group" aria-label="${wiring.label}">
    ${options.map(
      ({ value, text: said, description }) =>
        html`<label>
          <input
            type="${type}"
            value="${value}"
            ${chosen.includes(JSON.stringify(value)) && new Html('checked')}
            ${attributes(given, { ...unnamed, label: plain(said) })}
          />
          <span
            >${words(said)}${description ? html`<small>${plain(description)}</small>` : undefined}</span
          >
        </label>`,
    )}
  </span>`;
}

const inputTypes: Readonly<Record<string, string>> = {
  number_input: 'number',
  url_text_input: 'url',
  email_text_input: 'email',
  datepicker: 'date',
};

function typed(given: Element, wiring: Wiring): Html {
  const { value, selected_date } = valueOf(given, undefined) as Record<string, string | null>;
  const initial = value ?? selected_date ?? '';
  const hint = plain(given['placeholder']);
  const common = html`${attributes(given, wiring)} placeholder="${hint}"`;
  return given['multiline'] === true
    ? html`<textarea rows="4" ${common}>${initial}</textarea>`
    : html`<input type="${inputTypes[given.type] ?? 'text'}" value="${initial}" ${common} />`;
}
