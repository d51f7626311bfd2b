import type { SlackFile } from '../things.ts';
import { looksOf, rows } from './diff.ts';
import { html, type Html } from './html.ts';

const shownLines = 28;

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
      <span class="file-actions"
        >${isText && html`<button type="button" class="button plain small" data-copy="${href}">Copy</button>`}
        <a
          class="button plain small"
          href="${href}"
          download="${file.name}"
          aria-label="Download ${file.name}"
          >Download</a
        ></span
      >
    </figcaption>
    ${isText && preview(file)}
  </figure>`;
}

function preview(file: SlackFile): Html {
  const lines = (file.bytes?.toString() ?? '').trimEnd().split('\n');
  const looks = file.filetype === 'diff' ? looksOf(lines) : [];
  const rest = lines.length - shownLines;
  return html`<div class="snippet" tabindex="0" role="region" aria-label="Contents of ${file.name}">
    ${rows(lines.slice(0, shownLines), looks)}
    ${
      rest > 0 &&
      html`<details>
        <summary>${rest} more ${rest === 1 ? 'line' : 'lines'}</summary>
        ${rows(lines.slice(shownLines), looks.slice(shownLines))}
      </details>`
    }
  </div>`;
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} kB`;
}
