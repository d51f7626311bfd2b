/** A half-open range of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What stands at a place that names an image. Offsets are into the text that was read. */
export type Mention = {
  /** Where it begins, a registry's host included. */
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** Where the name stands: one piece, or one for each part between `/` where it is split. */
  readonly nameSpans: readonly Span[];
} & (
  | {
      readonly form: 'reference';
      readonly tag: string | undefined;
      readonly tagSpans: readonly Span[];
      /** 64 hex digits. */
      readonly hex: string | undefined;
      readonly hexSpans: readonly Span[];
    }
  /** A tag or digest follows, but not as text that can be read: a variable, a wrong length, another algorithm. */
  | { readonly form: 'unclear'; readonly tag: string }
  /** Only the name. */
  | { readonly form: 'name' }
);

/**
 * Between two string literals that are one text: Python's implicit concatenation over lines, `+`, a backslash at the
 * end of the line, comments between. Bounded, so that hostile text costs no more than it is long.
 */
const joint = String.raw`["'\x60](?:[ \t]{1,200}|\\?\r?\n|\+|(?:#|//)[^\n]{0,300}\n){0,60}[rbufRBUF]{0,2}["'\x60]`;
const jointHere = new RegExp(joint, 'y');
const jointAnywhere = new RegExp(joint, 'g');

/** Hosts that mean the same registry; kept as they are. */
const sameHost = /(?<![\w./-])(?:docker:\/\/)?(?:(?:(?:index|registry-1)\.)?docker\.io\/)?$/;
const variableHost = /[}$%>)"'`]\/$/;

/** Every place in `text` (one character per byte) that has one of `names` as a whole name, in order. */
export function* readMentions(text: string, names: readonly string[]): Generator<Mention> {
  let after = 0;
  for (const match of text.matchAll(namePattern(names))) {
    if (match.index < after) continue;
    const mention = readMention(text, match);
    if (!mention) continue;
    after = mention.end;
    yield mention;
  }
}

function namePattern(names: readonly string[]): RegExp {
  const longestFirst = names.toSorted((a, b) => b.length - a.length);
  const each = longestFirst.map((name) =>
    name.split('/').map(escape).join(`(?:${joint})?/(?:${joint})?`),
  );
  return new RegExp(String.raw`(?<![\w.-])(?:${each.join('|')})`, 'g');
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function readMention(text: string, match: RegExpExecArray): Mention | undefined {
  const host = hostBefore(text, match.index);
  if (host === undefined) return undefined;
  const nameSpans = pieces(match[0], match.index);
  const name = nameSpans.map(({ start, end }) => text.slice(start, end)).join('');
  const end = match.index + match[0].length;
  const named = { start: match.index - host.length, end, name, nameSpans };
  const rest = readRest(text, end);
  if (rest.form === 'reference' && variableHost.test(text.slice(match.index - 2, match.index))) {
    return { ...named, ...rest, form: 'unclear', tag: rest.tag ?? '' };
  }
  return { ...named, ...rest };
}

/** The registry's host before a name; `undefined` where the name is part of a URL, a path or another registry's. */
function hostBefore(text: string, at: number): string | undefined {
  if (text[at - 1] !== '/') return '';
  const before = text.slice(Math.max(0, at - 64), at);
  if (variableHost.test(before)) return '';
  const [host] = sameHost.exec(before) ?? [];
  return host === '' ? undefined : host;
}

/** The parts of a name that joints split; one where there are none. */
function pieces(found: string, start: number): readonly Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const match of found.matchAll(jointAnywhere)) {
    spans.push({ start: start + from, end: start + match.index });
    from = match.index + match[0].length;
  }
  return [...spans, { start: start + from, end: start + found.length }];
}

type Rest =
  | (Omit<Extract<Mention, { form: 'reference' }>, 'start' | 'name' | 'nameSpans'> & {
      readonly end: number;
    })
  | { readonly form: 'unclear'; readonly tag: string; readonly end: number }
  | { readonly form: 'name'; readonly end: number };

function readRest(text: string, end: number): Rest {
  const reader = new Reader(text, end);
  if (reader.takes(':')) return readTag(reader);
  if (reader.takes('@')) return readDigest(reader, { tag: undefined, tagSpans: [] });
  return { form: 'name', end };
}

function readTag(reader: Reader): Rest {
  const { text: tag, spans } = reader.run(/[A-Za-z0-9._-]+/y, isSplitTag);
  if (tag === '') {
    return reader.isAt(/[$%<{(&*+?\\"'`[@]/y)
      ? { form: 'unclear', tag, end: reader.at }
      : { form: 'name', end: reader.at };
  }
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag) || reader.isAt(/[$%<{(*:/\\]|\[\w/y)) {
    return { form: 'unclear', tag, end: reader.at };
  }
  if (reader.takes('@')) return readDigest(reader, { tag, tagSpans: spans });
  if (reader.isAt(/["'`]\s{0,200}(?:\+|%|\.\s?(?:format|concat|join)\b)/y)) {
    return { form: 'unclear', tag, end: reader.at };
  }
  return { form: 'reference', tag, tagSpans: spans, hex: undefined, hexSpans: [], end: reader.at };
}

/** A tag goes on in the next literal only where it plainly is not at its end. */
function isSplitTag(tag: string): boolean {
  return tag === '' || /[._-]$/.test(tag);
}

function readDigest(
  reader: Reader,
  tagged: { readonly tag: string | undefined; readonly tagSpans: readonly Span[] },
): Rest {
  const unclear = (): Rest => ({ form: 'unclear', tag: tagged.tag ?? '', end: reader.at });
  for (const character of 'sha256:') if (!reader.takes(character)) return unclear();
  const { text: hex, spans } = reader.run(/[0-9a-f]+/y, (soFar) => soFar.length < 64);
  if (hex.length !== 64 || reader.isAt(/[\w$%{<]/y)) return unclear();
  return { form: 'reference', ...tagged, hex, hexSpans: spans, end: reader.at };
}

/** Reads on from an offset, over the joints between literals where what is expected goes on behind one. */
class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  /** Takes this one character, here or behind a joint. */
  takes(character: string): boolean {
    const at = [this.#at, this.#behindJoint()].find((place) => this.#text[place] === character);
    if (at === undefined) return false;
    this.#at = at + 1;
    return true;
  }

  /** Takes all that matches here, and behind joints while `more` says that it is not complete. */
  run(
    pattern: RegExp,
    more: (soFar: string) => boolean,
  ): { readonly text: string; readonly spans: readonly Span[] } {
    const spans: Span[] = [];
    let text = '';
    for (let at = this.#at; at >= 0; at = more(text) ? this.#behindJoint() : -1) {
      pattern.lastIndex = at;
      const [found] = pattern.exec(this.#text) ?? [];
      if (found === undefined && at !== this.#at) break;
      if (found === undefined) continue;
      spans.push({ start: at, end: at + found.length });
      text += found;
      this.#at = at + found.length;
    }
    return { text, spans };
  }

  #behindJoint(): number {
    jointHere.lastIndex = this.#at;
    return jointHere.test(this.#text) ? jointHere.lastIndex : -1;
  }
}
