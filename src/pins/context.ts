import type { Span } from './forms.ts';

/** How far a line is looked at: hostile lines are long. */
const reach = 300;

const documentation = /\.(?:md|markdown|rst|txt|adoc|html?)$/i;
const commentLine = /^\s*(?:#|\/\/|\/?\*|<!--)/;
const commentAfter = /\s(?:#|\/\/)\s/;

/**
 * Whether the place is prose: in a documentation file or in a comment. A whole reference with its digest is a pin there
 * too (examples are kept up with what they explain), anything less is talk about the image.
 */
export function isProse(path: string, text: string, at: number): boolean {
  if (documentation.test(path)) return true;
  const before = lineBefore(text, at);
  return commentLine.test(before) || commentAfter.test(before);
}

/**
 * Whether what stands there is a value of its own, so that a digest may be put behind it: a whole string literal, the
 * value of a key, an item of a list, the image of a Dockerfile's FROM, or alone on the line below its key.
 */
export function isWholeValue(text: string, { start, end }: Span): boolean {
  const quote = text[start - 1];
  if (quote && `"'\``.includes(quote)) {
    return text[end] === quote && !/\+\s*$/.test(lineBefore(text, start - 1));
  }
  const before = lineBefore(text, start);
  const after = lineAfter(text, end);
  if (/^\s*FROM\s+(?:--\S+\s+)*$/i.test(before)) return /^(?:\s+AS\s+\S+)?\s*$/i.test(after);
  if (!/^(?:[ \t]*[,\]}]|[ \t]+#|[ \t]*\r?$)/.test(after)) return false;
  if (/(?:^|[\s{[,])[\w$."'-]+[ \t]*[:=][ \t]*(?:[&!]\S+[ \t]+)*$/.test(before)) return true;
  if (/^[ \t]*(?:-[ \t]+)+$|\[[ \t]*$/.test(before)) return true;
  return /^[ \t]*$/.test(before) && endsOpen(lineAbove(text, start - before.length));
}

/** A line after which a value is still to come: `image:`, `image: >-`, `[`, `-`. */
function endsOpen(line: string): boolean {
  return /(?:[:=([{,]|[>|][-+0-9]{0,2}|^\s*-)\s*$/.test(line);
}

function lineBefore(text: string, at: number): string {
  const window = text.slice(Math.max(0, at - reach), at);
  return window.slice(window.lastIndexOf('\n') + 1);
}

function lineAfter(text: string, at: number): string {
  const window = text.slice(at, at + reach);
  const newline = window.indexOf('\n');
  return newline < 0 ? window : window.slice(0, newline);
}

/** The nearest line above that is neither empty nor a comment. */
function lineAbove(text: string, lineStart: number): string {
  const lines = text.slice(Math.max(0, lineStart - 10 * reach), lineStart).split('\n');
  return lines.findLast((line) => line.trim() !== '' && !commentLine.test(line)) ?? '';
}
