/**
 * Text from anywhere as Slack's mrkdwn shows it: nothing in it becomes a mention, a link or a hidden character.
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export function escape(text: string): string {
  return visible(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Text from anywhere with what nobody can see taken out: control characters, zero-width and bidirectional marks
 * (which can make a line read as another one), line and paragraph separators.
 */
function visible(text: string): string {
  return text
    .replaceAll(/[\r\n\t\u2028\u2029]+/g, ' ')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u115f\u1160\u3164\uffa0]/gu, '');
}

/** Whether everything in a text of several lines can be seen. */
export function isPlain(text: string): boolean {
  return text.split(/[\n\t]/).every((line) => visible(line) === line);
}

/** Text from anywhere in a code span; back-ticks in it would end it early. */
export function code(text: string): string {
  return `\`${clip(text, 500).replaceAll('`', 'ˋ')}\``;
}

/** A link whose target is ours and whose text may be anybody's. */
export function link(url: string, text: string): string {
  const target = new URL(url).href.replaceAll('|', '%7C').replaceAll('>', '%3E');
  return `<${target}|${escape(text).replaceAll('|', '¦')}>`;
}

/** A person, by an id that Slack itself gave us. */
export function mention(user: string): string {
  return /^[UW][A-Z0-9]+$/.test(user) ? `<@${user}>` : clip(user, 100);
}

/** A fact of a reason: who and where as Slack shows them, everything else escaped and no longer than anybody reads. */
export function fact(text: string, name: string): string {
  if (name === 'who') return mention(text);
  if (name === 'channel' && /^[CG][A-Z0-9]+$/.test(text)) return `<#${text}>`;
  return clip(text, 400);
}

/** A moment in the reader's own time zone; in UTC where the client can't. */
export function moment(iso: string): string {
  const seconds = Math.floor(Date.parse(iso) / 1000);
  return `<!date^${seconds}^{date_short_pretty} {time}|${escape(utc(iso))}>`;
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

/** Text escaped, of which at most `length` characters come: escaping makes up to five of one. */
function clip(text: string, length: number): string {
  let kept = cut(text, length);
  while (escape(kept).length > length) kept = cut(kept, Math.floor(kept.length * 0.8));
  return escape(kept);
}

/** As many whole lines as fit into `length` characters, and how many there are besides. */
export function fit(lines: readonly string[], length: number): string {
  const whole = lines.join('\n');
  if (whole.length <= length) return whole;
  for (let count = lines.length - 1; count > 0; count -= 1) {
    const text = [...lines.slice(0, count), `… and ${lines.length - count} more`].join('\n');
    if (text.length <= length) return text;
  }
  return `… and ${lines.length} more`;
}

/** The first twelve hex digits of a digest or commit: enough to tell two apart by eye. */
export function short(hash: string): string {
  return hash.replace(/^sha256:/, '').slice(0, 12);
}
