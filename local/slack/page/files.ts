import type { SlackFile } from '../things.ts';
import { html, type Html } from './html.ts';

const shownLines = 14;

/** An uploaded file: name, size, download, and for text its lines, those of a patch in colour. */
export function fileCard(file: SlackFile): Html {
  const href = `/page/files/${file.id}/${encodeURIComponent(file.name)}`;
  const isText = file.mode === 'snippet' && file.bytes !== undefined;
  return html`<figure class="file">
    <figcaption>
      <span class="file-icon" aria-hidden="true">${file.filetype === 'diff' ? '±' : '¶'}</span>
      <span class="file-name"
        ><strong>${file.title}</strong><small>${file.pretty_type} · ${size(file.size)}</small></span
      >
      ${isText && html`<button type="button" class="button plain small" data-copy="${href}">Copy</button>`}
      <a
        class="button plain small"
        href="${href}"
        download="${file.name}"
        aria-label="Download ${file.name}"
        >Download</a
      >
    </figcaption>
    ${isText && preview(file)}
  </figure>`;
}

function preview(file: SlackFile): Html {
  const lines = (file.bytes?.toString() ?? '').trimEnd().split('\n');
  const draw = (part: readonly string[]) =>
    html`<code
      >${part.map((line) => html`<span class="${kindOf(line, file)}">${line || ' '}</span>`)}</code
    >`;
  const rest = lines.slice(shownLines);
  return html`<div class="snippet" tabindex="0" role="region" aria-label="Contents of ${file.name}">
    ${draw(lines.slice(0, shownLines))}
    ${
      rest.length > 0 &&
      html`<details>
        <summary>${rest.length} more ${rest.length === 1 ? 'line' : 'lines'}</summary>
        ${draw(rest)}
      </details>`
    }
  </div>`;
}

function kindOf(line: string, { filetype }: SlackFile): string {
  if (filetype !== 'diff') return 'row';
  if (/^(diff |index |--- |\+\+\+ |From |Subject: |Date: )/.test(line)) return 'row meta';
  if (line.startsWith('@@')) return 'row hunk';
  if (line.startsWith('+')) return 'row added';
  return line.startsWith('-') && line !== '-- ' ? 'row removed' : 'row';
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;
}
