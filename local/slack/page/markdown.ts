import { Html, escape, html } from './html.ts';
import { link } from './mrkdwn.ts';

/** The Markdown of a `markdown` block as HTML: headings, lists, quotes, rules, tables, fences, and what stands in lines. */
export function markdown(text: string): Html {
  const parts = text.split(/^```(\w*)\n([\s\S]*?)^```$/m);
  const pieces = parts.map((part, index) => {
    if (index % 3 === 1) return '';
    return index % 3 === 2 ? html`<pre>${part}</pre>`.text : sections(part);
  });
  return new Html(pieces.join(''));
}

function sections(text: string): string {
  const pieces = text
    .split(/\n{2,}|\n(?=#{1,6} )|(?<=^#{1,6} .*)\n/m)
    .map((piece) => piece.trim())
    .filter(Boolean);
  return pieces.map(section).join('');
}

function section(piece: string): string {
  const heading = /^(#{1,6}) (.*)$/.exec(piece);
  if (heading) return `<p class="heading">${inline(heading[2] ?? '')}</p>`;
  if (/^(-{3,}|\*{3,})$/.test(piece)) return '<hr>';
  const lines = piece.split('\n');
  if (lines.every((line) => /^\s*[-*+] /.test(line))) return list('ul', lines);
  if (lines.every((line) => /^\s*\d+[.)] /.test(line))) return list('ol', lines);
  if (lines.every((line) => line.startsWith('>')))
    return `<blockquote>${lines.map((line) => inline(line.replace(/^> ?/, ''))).join('<br>')}</blockquote>`;
  if (lines.length > 1 && /^\|?[\s:|-]+\|[\s:|-]*$/.test(lines[1] ?? '')) return table(lines);
  return `<p>${lines.map(inline).join('<br>')}</p>`;
}

function list(tag: 'ul' | 'ol', lines: readonly string[]): string {
  const items = lines.map((line) => inline(line.replace(/^\s*([-*+]|\d+[.)]) /, '')));
  return `<${tag}>${items.map((item) => `<li>${item}</li>`).join('')}</${tag}>`;
}

function table([head = '', , ...rows]: readonly string[]): string {
  const cells = (row: string, tag: string) =>
    row
      .replaceAll(/^\||\|$/g, '')
      .split('|')
      .map((cell) => `<${tag}>${inline(cell.trim())}</${tag}>`)
      .join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('');
  return `<div class="scroll"><table><thead><tr>${cells(head, 'th')}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function inline(line: string): string {
  const kept: string[] = [];
  const keep = (piece: string): string => `\u{E000}${kept.push(piece) - 1}\u{E001}`;
  const bare = line
    .replaceAll(/[\u{E000}\u{E001}]/gu, '')
    .replaceAll(/`([^`]+)`/g, (_, code: string) => keep(html`<code>${code}</code>`.text))
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, (_, label: string, url: string) =>
      keep(link(url, label).text),
    );
  return escape(bare)
    .replaceAll(/\*\*(\S(?:.*?\S)?)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/(?<![\w*])[*_](\S(?:.*?\S)?)[*_](?![\w*])/g, '<em>$1</em>')
    .replaceAll(/~~(\S(?:.*?\S)?)~~/g, '<s>$1</s>')
    .replaceAll(/\u{E000}(\d+)\u{E001}/gu, (_, index: string) => kept[Number(index)] ?? '');
}
