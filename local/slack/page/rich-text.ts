import { codeBlock } from './diff.ts';
import { sign } from './emoji.ts';
import { html, type Html } from './html.ts';
import { channel, formatDate, group, link, person, type Reader } from './mrkdwn.ts';

interface Style {
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  readonly code?: boolean;
}

interface Node {
  readonly type: string;
  readonly elements?: readonly Node[];
  readonly style?: Style | 'bullet' | 'ordered';
  readonly text?: string;
  readonly url?: string;
  readonly name?: string;
  readonly unicode?: string;
  readonly user_id?: string;
  readonly channel_id?: string;
  readonly usergroup_id?: string;
  readonly range?: string;
  readonly timestamp?: number;
  readonly format?: string;
  readonly fallback?: string;
  readonly indent?: number;
}

/** A `rich_text` block as HTML. */
export function richText(block: object, reader: Reader): Html {
  return html`${((block as Node).elements ?? []).map((node) => paragraph(node, reader))}`;
}

function paragraph(node: Node, reader: Reader): Html {
  const inside = (node.elements ?? []).map((element) => piece(element, reader));
  switch (node.type) {
    case 'rich_text_preformatted':
      return codeBlock((node.elements ?? []).map((part) => part.text ?? part.url ?? '').join(''));
    case 'rich_text_quote':
      return html`<blockquote class="pre-line">${inside}</blockquote>`;
    case 'rich_text_list': {
      const items = (node.elements ?? []).map(
        (item) => html`<li>${(item.elements ?? []).map((element) => piece(element, reader))}</li>`,
      );
      const indent = `indent-${Math.min(node.indent ?? 0, 4)}`;
      return node.style === 'ordered'
        ? html`<ol class="${indent}">
            ${items}
          </ol>`
        : html`<ul class="${indent}">
            ${items}
          </ul>`;
    }
    default:
      return html`<p class="pre-line">${inside}</p>`;
  }
}

function piece(node: Node, reader: Reader): Html {
  return styled(bare(node, reader), typeof node.style === 'object' ? node.style : {});
}

function bare(node: Node, reader: Reader): Html {
  switch (node.type) {
    case 'link':
      return link(node.url ?? '', node.text ?? node.url ?? '');
    case 'user':
      return person(node.user_id ?? '', reader);
    case 'usergroup':
      return group(node.usergroup_id ?? '', reader);
    case 'channel':
      return channel(node.channel_id ?? '', reader);
    case 'broadcast':
      return html`<span class="mention">@${node.range}</span>`;
    case 'emoji':
      return sign(node.name ?? '');
    case 'date':
      return html`${formatDate(new Date((node.timestamp ?? 0) * 1000), node.format ?? '')}`;
    default:
      return html`${node.text}`;
  }
}

function styled(inside: Html, { bold, italic, strike, code }: Style): Html {
  let out = inside;
  if (code) out = html`<code>${out}</code>`;
  if (bold) out = html`<strong>${out}</strong>`;
  if (italic) out = html`<em>${out}</em>`;
  if (strike) out = html`<s>${out}</s>`;
  return out;
}
