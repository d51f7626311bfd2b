/**
 * Blanks that are no property's: a pattern of no dots, a note without a head, the filler of a script. Everything else
 * that nobody sees is told by Unicode: controls, formats, what is unassigned, private or half a character, and whatever
 * a font is to ignore by default (variation selectors, fillers, joiners, tags).
 * @see https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
 */
const invisible = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800\u{16fe4}\u{1d159}]/gu;

/** Breaks and blanks of any width; the ordinary blank stays as it is. */
const blank = /(?! )[\t\n\v\f\r\u001c-\u001f\u0085\p{Z}]+/gu;

/** Marks on one letter: languages need three at most, and more run over the lines around. */
const flood = /(\p{M}{3})\p{M}+/gu;

/**
 * Text from anywhere, in one line, as far as it can be seen: nothing of it hides, turns the reading direction, or runs
 * into what stands before it.
 */
export function visible(text: string): string {
  return text
    .replaceAll(blank, ' ')
    .replaceAll(invisible, '')
    .replace(/^\p{M}+/u, '')
    .replaceAll(flood, '$1');
}

/** Whether everything in a text of several lines can be seen. */
export function isPlain(text: string): boolean {
  return text.split(/[\n\t]/).every((line) => visible(line) === line);
}
