import { html, type Html } from './html.ts';

/** How each line of a patch looks: what stands outside of hunks is not code. */
export function looksOf(lines: readonly string[]): readonly string[] {
  let isInHunk = false;
  return lines.map((line) => {
    if (line.startsWith('@@')) isInHunk = true;
    else if (/^(diff |-- ?$|From )/.test(line)) isInHunk = false;
    if (line.startsWith('@@')) return 'hunk';
    if (!isInHunk) return 'meta';
    if (line.startsWith('+')) return 'added';
    return line.startsWith('-') ? 'removed' : '';
  });
}

/** Lines of code, each in its look. */
export function rows(lines: readonly string[], looks: readonly string[]): Html {
  return html`<code
    >${lines.map((line, at) => html`<span class="row ${looks[at]}">${line || ' '}</span>`)}</code
  >`;
}

/** A code block: a patch in its colours, anything else as it is. */
export function codeBlock(code: string): Html {
  const lines = code.split('\n');
  const isPatch = lines.some((line) => /^(diff --git |@@ -)/.test(line));
  if (!isPatch) return html`<pre>${code}</pre>`;
  return html`<div class="snippet bare" tabindex="0" role="region" aria-label="A patch">
    ${rows(lines, looksOf(lines))}
  </div>`;
}
