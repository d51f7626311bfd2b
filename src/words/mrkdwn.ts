import { explain, type Refusal } from '../domain/errors.ts';
import { visible } from '../domain/visible.ts';

/**
 * Slack's mrkdwn, made of words of ours and of text from anywhere in which nothing is live. Only {@link words} and the
 * functions beside it make one, and every block asks for one: no message can forget it.
 */
export class Mrkdwn {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** Text of the program's own, markup and all. */
  static ours(text: string): Mrkdwn {
    return new Mrkdwn(text);
  }
}

const ours = (text: string): Mrkdwn => Mrkdwn.ours(text);

/** What may stand in a {@link words} template. Strings are anybody's text, and become inert. */
type Piece = Mrkdwn | string | number;

/** mrkdwn`*Asked* by ${who}`: the template is ours, and so is a {@link Mrkdwn} in it; any other text becomes inert. */
export function words(template: TemplateStringsArray, ...pieces: readonly Piece[]): Mrkdwn {
  return ours(
    template
      .map((own, at) => {
        const piece = pieces[at] ?? '';
        return `${own}${piece instanceof Mrkdwn ? piece.text : inert(String(piece))}`;
      })
      .join(''),
  );
}

/** Several in a row, with ours in between. */
export function joined(parts: readonly Mrkdwn[], between: string): Mrkdwn {
  return ours(parts.map(({ text }) => text).join(between));
}

/** Longer foreign text than this is nobody's to read in a sentence. Characters. */
const longest = 500;

/**
 * Text from anywhere, so that it is only read: no mention, link, emphasis, code, quote or emoji, nothing hidden.
 * Slack's escapes are for `&`, `<` and `>` only, so the other marks give way to signs that look like them; bare
 * addresses are left to `verbatim`. @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
function inert(text: string, length = longest): string {
  const tame = (part: string): string =>
    unmarked(part).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return clip(visible(text.slice(0, 8 * length)), length, tame);
}

/** `:name:`, also where the last colon would be of the words behind; the time of day and a port are none. */
const emoji =
  /:(?!\d\d:|\d+$|[0-9a-f]{40,64}(?![\p{L}\p{N}_+'’:-]))(?=[\p{L}\p{N}_+'’-]+(?::|$))/gu;

/** `name:tag`, `sha256:…`: nobody's emoji. */
const isReference = /^[a-z0-9][\w./-]*:\w[\w.-]*$/;

/** An underscore within a name is not live and stays as it is; so do the colons of a time of day and a digest. */
function unmarked(text: string): string {
  const tame = text
    .replaceAll('`', 'ˋ')
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replaceAll(/(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])/gu, (edge) => 'ˍ'.repeat(edge.length))
    .replace(/^\s*>+/, '›');
  return isReference.test(text) ? tame : tame.replaceAll(emoji, '∶');
}

/** Text from anywhere in a code span, where only a back-tick and Slack's own three are live. */
export function code(text: string): Mrkdwn {
  return span(text, longest);
}

function span(text: string, length: number): Mrkdwn {
  const tame = (part: string): string =>
    part
      .replaceAll('`', 'ˋ')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;');
  return ours(`\`${clip(visible(text.slice(0, 8 * length)), length, tame)}\``);
}

/** A link whose target is ours and whose text may be anybody's. */
export function link(url: string, text: string): Mrkdwn {
  const target = new URL(url).href.replaceAll('|', '%7C').replaceAll('>', '%3E');
  return ours(`<${target}|${inert(text).replaceAll('|', '¦')}>`);
}

/** A person, by an id that Slack itself gave us. */
export function mention(user: string): Mrkdwn {
  return /^[UW][A-Z0-9]+$/.test(user) ? ours(`<@${user}>`) : ours(inert(user, 100));
}

/** A reason in its own words; of its facts, who and where as Slack shows them, and the rest inert. */
export function explained(refusal: Refusal): Mrkdwn {
  return ours(
    explain(refusal, (fact, name, isCode) => (isCode ? span(fact, 1000) : shown(fact, name)).text),
  );
}

function shown(fact: string, name: string): Mrkdwn {
  if (name === 'who') return mention(fact);
  if (name === 'channel' && /^[CG][A-Z0-9]+$/.test(fact)) return ours(`<#${fact}>`);
  return ours(inert(fact, 400));
}

/** A moment in the reader's own time zone; in UTC where the client can't. */
export function moment(iso: string): Mrkdwn {
  const seconds = Math.floor(Date.parse(iso) / 1000);
  return ours(`<!date^${seconds}^{date_short_pretty} {time}|${utc(iso)}>`);
}

/** `2026-11-23 08:09 UTC`. */
export function utc(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** `1.4 GB`: decimal units, three digits at most. */
export function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** The first `length` characters, with … where something was cut off. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Text made tame, of which at most `length` characters come: escaping makes up to five of one. */
function clip(text: string, length: number, tame: (part: string) => string): string {
  let kept = cut(text, length);
  while (tame(kept).length > length) kept = cut(kept, Math.floor(kept.length * 0.8));
  // What was cut through the middle of a character.
  return tame(kept.toWellFormed());
}

/** As many whole lines as fit into `length` characters, and how many there are besides, and where: `more`. */
export function fit(lines: readonly Mrkdwn[], length: number, more = ''): Mrkdwn {
  return ours(
    fitPlain(
      lines.map(({ text }) => text),
      length,
      more,
    ).join('\n'),
  );
}

/** The same for lines that are shown as they are. */
export function fitPlain(lines: readonly string[], length: number, more = ''): readonly string[] {
  let left = lines.reduce((sum, line) => sum + line.length + 1, -1);
  if (left <= length) return lines;
  for (let count = lines.length - 1; count >= 0; count -= 1) {
    left -= (lines[count]?.length ?? 0) + 1;
    const rest = `… and ${lines.length - count} more${more}`;
    if (left + 1 + rest.length <= length || count === 0) return [...lines.slice(0, count), rest];
  }
  return [];
}

/**
 * The same without marks, for notifications and screen readers, which show them as they are. What a code span kept from
 * being live is made inert, now that there is none.
 */
export function plainly({ text }: Mrkdwn): string {
  return text
    .replaceAll(/`([^`]*)`/g, (_, inner: string) => unmarked(inner))
    .replaceAll(/<!date\^[^|>]*\|([^>]*)>/g, '$1')
    .replaceAll(/:[a-z_]+: /g, '')
    .replaceAll(/[*`]/g, '');
}

/** The first twelve hex digits of a digest or commit: enough to tell two apart by eye. */
export function short(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, 12);
}
