import { elementsOf, type Block, type Element } from '../block-check.ts';
import { element, field, plain, text, words } from './elements.ts';
import { html, type Html } from './html.ts';
import { icon } from './icons.ts';
import { markdown } from './markdown.ts';
import type { Reader } from './mrkdwn.ts';
import { richText } from './rich-text.ts';

/** Blocks as HTML, for messages, modals and App Home alike. */
export function blocks(given: readonly Block[], reader: Reader): Html {
  return html`${given.map((block) => one(block, reader))}`;
}

function one(block: Block, reader: Reader): Html {
  switch (block.type) {
    case 'header':
      return html`<h3 class="block header">${words(block['text'])}</h3>`;
    case 'section':
      return section(block, reader);
    case 'divider':
      return html`<hr class="block" />`;
    case 'context':
      return context(block, reader);
    case 'actions':
      return html`<div class="block actions">
        ${elementsOf(block).map((given) => element(given, block.block_id, reader))}
      </div>`;
    case 'input':
      return input(block);
    case 'rich_text':
      return html`<div class="block rich">${richText(block, reader)}</div>`;
    case 'markdown':
      return html`<div class="block rich">${markdown(String(block['text']))}</div>`;
    case 'table':
      return table(block, reader);
    case 'image':
      return html`<p class="block note">${icon('page')} ${block['alt_text'] as string}</p>`;
    case 'alert':
      return html`<div
        class="block alert ${(block['level'] as string | undefined) ?? 'default'}"
        role="note"
      >
        ${text(block['text'], reader)}
      </div>`;
    default:
      return html`<p class="block note">A “${block.type}” block, which this page can’t show.</p>`;
  }
}

function section(block: Block, reader: Reader): Html {
  const fields = block['fields'] as readonly unknown[] | undefined;
  const accessory = elementsOf(block)[0];
  return html`<div class="block section">
    <div class="said">
      ${block['text'] ? html`<div>${text(block['text'], reader)}</div>` : undefined}
      ${
        fields &&
        html`<div class="fields">
          ${fields.map((part) => html`<div>${text(part, reader)}</div>`)}
        </div>`
      }
    </div>
    ${accessory && html`<div class="accessory">${element(accessory, block.block_id, reader)}</div>`}
  </div>`;
}

function context(block: Block, reader: Reader): Html {
  const parts = block['elements'] as readonly { type: string; alt_text?: string }[];
  return html`<div class="block context">
    ${parts.map((part) => html`<span>${part.type === 'image' ? part.alt_text : text(part, reader)}</span>`)}
  </div>`;
}

function input(block: Block): Html {
  const id = `field-${block.block_id}`;
  const label = plain(block['label']);
  const isOptional = block['optional'] === true;
  const given = block['element'] as Element;
  const wiring = {
    block: block.block_id,
    label,
    id,
    describedBy: `${id}-hint ${id}-problem`,
    isRequired: !isOptional,
  };
  return html`<div class="block input" data-input="${block.block_id}">
    <label for="${id}"
      >${label}${isOptional && html` <span class="optional">(optional)</span>`}</label
    >
    ${field(given, wiring)}
    <small id="${id}-hint">${plain(block['hint'])}</small>
    <small id="${id}-problem" class="problem" role="alert"></small>
  </div>`;
}

interface Cell {
  readonly type: string;
  readonly text?: string;
  readonly value?: number;
}

function table(block: Block, reader: Reader): Html {
  const [head = [], ...rows] = block['rows'] as readonly (readonly Cell[])[];
  const inside = (cell: Cell) =>
    cell.type === 'rich_text' ? richText(cell, reader) : (cell.text ?? cell.value);
  return html`<div class="block scroll">
    <table>
      <thead>
        <tr>
          ${head.map((cell) => html`<th scope="col">${inside(cell)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => html`<td>${inside(cell)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
