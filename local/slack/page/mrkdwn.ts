import { Html, escape, html } from './html.ts';
import { codeBlock } from './diff.ts';
import { shortName, sign } from './emoji.ts';
import type { Workspace } from '../workspace.ts';

/** Who looks, and at what: names come from the workspace. */
export interface Reader {
  readonly workspace: Workspace;
  /** User id. */
  readonly as: string;
}

/**
 * Slack's own markup as HTML: `*bold*`, `_italic_`, `~struck~`, code, quotes, links, mentions, dates, emoji. A bare
 * address is a link by itself unless the text is `verbatim`.
 */
export function mrkdwn(text: string, reader: Reader, isVerbatim = false): Html {
  const kept: Html[] = [];
  const keep = (piece: Html): string => `\u{E000}${kept.push(piece) - 1}\u{E001}`;
  const bare = text
    .replaceAll(/[\u{E000}\u{E001}]/gu, '')
    .replaceAll(/```\n?([\s\S]+?)\n?```\n?/g, (_, code: string) => keep(codeBlock(decode(code))))
    .replaceAll(/`([^`\n]+)`/g, (_, code: string) => keep(html`<code>${decode(code)}</code>`))
    .replaceAll(/<([^<>\n]+)>/g, (_, inner: string) => keep(reference(inner, reader)))
    .replaceAll(/\bhttps?:\/\/[^\s<>|\u{E000}]+[^\s<>|.,:;!?)\]\u{E000}]/gu, (url) =>
      isVerbatim ? url : keep(link(decode(url), decode(url))),
    );
  const signed = bare.replaceAll(shortName, (_, name: string) => keep(sign(name)));
  const styled = quotes(style(escape(decode(signed))));
  const restore = (source: string): string =>
    source.replaceAll(/\u{E000}(\d+)\u{E001}/gu, (_, index: string) =>
      restore(kept[Number(index)]?.text ?? ''),
    );
  return new Html(restore(styled));
}

/** Slack escapes three characters in texts, and only these. */
export const decode = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

const before = String.raw`(?<=^|[\s(\[{>"'\u{E000}\u{E001}…—–/:-])`;
const after = String.raw`(?=$|[\s)\]}<"'.,:;!?\u{E000}\u{E001}…—–/-])`;
const span = (mark: string): RegExp =>
  new RegExp(`${before}${mark}(?=\\S)([^${mark}\\n]*[^\\s${mark}])${mark}${after}`, 'gmu');
const bold = span('\\*');
const italic = span('_');
const struck = span('~');

function style(escaped: string): string {
  return escaped
    .replaceAll(bold, '<strong>$1</strong>')
    .replaceAll(italic, '<em>$1</em>')
    .replaceAll(struck, '<s>$1</s>');
}

function quotes(styled: string): string {
  return styled
    .replaceAll(
      /(?:^&gt; ?.*(?:\n|$))+/gm,
      (lines) => `<blockquote>${lines.replaceAll(/^&gt; ?/gm, '').trimEnd()}</blockquote>`,
    )
    .replaceAll('\n', '<br>');
}

/** `@U1`, `#C1|name`, `!subteam^S1`, `!date^…`, `https://…|label`. */
function reference(inner: string, reader: Reader): Html {
  const [target = '', label] = split(inner);
  if (target.startsWith('@')) return person(target.slice(1), reader);
  if (target.startsWith('#')) return channel(target.slice(1), reader);
  if (target.startsWith('!date^')) return date(target, label);
  if (target.startsWith('!subteam^')) return group(target.slice('!subteam^'.length), reader);
  if (target.startsWith('!')) return html`<span class="mention">@${target.slice(1)}</span>`;
  return link(decode(target), decode(label ?? target));
}

function split(inner: string): readonly string[] {
  const bar = inner.indexOf('|');
  return bar < 0 ? [inner] : [inner.slice(0, bar), inner.slice(bar + 1)];
}

export function link(url: string, label: string): Html {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return html`${label}`;
  return html`<a href="${url}" target="_blank" rel="noreferrer">${label}</a>`;
}

export function person(id: string, { workspace, as }: Reader): Html {
  const name = workspace.users.get(id)?.name ?? id;
  return html`<span class="mention${id === as && ' mine'}">@${name}</span>`;
}

export function channel(id: string, { workspace }: Reader): Html {
  return html`<span class="mention">#${workspace.channels.get(id)?.name ?? id}</span>`;
}

export function group(id: string, { workspace }: Reader): Html {
  return html`<span class="mention">@${workspace.groups.get(id)?.handle ?? id}</span>`;
}

/** `!date^1700000000^{date} at {time}^https://…`, read in the time zone of this machine. */
function date(target: string, fallback: string | undefined): Html {
  const [, seconds = '', format = ''] = target.split('^');
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return html`${fallback ?? ''}`;
  return html`<time datetime="${at.toISOString()}">${formatDate(at, format)}</time>`;
}

export function formatDate(at: Date, format: string): string {
  const words = (options: Intl.DateTimeFormatOptions) => at.toLocaleString('en-GB', options);
  const forms: Readonly<Record<string, string>> = {
    date_num: at.toISOString().slice(0, 10),
    date: words({ day: 'numeric', month: 'long', year: 'numeric' }),
    date_short: words({ day: 'numeric', month: 'short', year: 'numeric' }),
    date_long: words({ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
    time: words({ hour: '2-digit', minute: '2-digit' }),
    time_secs: words({ hour: '2-digit', minute: '2-digit', second: '2-digit' }),
  };
  return format.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const plain = name.replace(/_pretty$/, '');
    return plain === 'ago' ? (forms['time'] ?? whole) : (forms[plain] ?? whole);
  });
}
