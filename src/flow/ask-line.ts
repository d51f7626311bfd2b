import type { Ask } from '../domain/ask.ts';

/** What stands behind the build, read; whatever is none of it is in `strays`, in its order. */
export interface Behind extends Pick<Ask, 'tag' | 'bug' | 'because'> {
  readonly strays: readonly string[];
}

/** A word ends here: what is longer is another word. */
const end = String.raw`(?!\S)`;

/**
 * What may stand behind a build. `because` takes the rest of the line as it is; a tag is never one of the words that
 * begin something else, as then it was forgotten.
 */
const clauses = {
  because: /because\s+(\S[^]*)$/iy,
  bug: new RegExp(String.raw`(?:for\s+)?bug\s*#?(\d{1,8})[,.;:]?${end}`, 'iy'),
  tag: new RegExp(String.raw`tag\s+(?!(?:tag|for|bug|because)${end})(\S+)`, 'iy'),
} as const;

const word = /\S+/y;

/** Reads `[tag X] [bug N] [because …]`: tag and bug in any order, each once. Nothing is a tag but what `tag` names. */
export function readBehind(text: string): Behind {
  const found: { -readonly [Name in keyof typeof clauses]?: string } = {};
  const strays: string[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(text) ?? undefined;
    if (match) at = pattern.lastIndex;
    return match;
  };
  const clause = (name: keyof typeof clauses): boolean => {
    const match = take(clauses[name]);
    if (!match) return false;
    if (found[name] === undefined) found[name] = match[1] ?? '';
    else strays.push(match[0]);
    return true;
  };
  for (take(/\s*/y); at < text.length; take(/\s*/y)) {
    if (clause('because') || clause('bug') || clause('tag')) continue;
    strays.push(take(word)?.[0] ?? '');
  }
  return {
    tag: found.tag,
    bug: found.bug === undefined ? undefined : Number(found.bug),
    because: found.because?.trim(),
    strays,
  };
}

/** The line that says all this, as it can be typed. */
export function askLine(
  image: string,
  build: string,
  { tag, bug, because }: Pick<Ask, 'tag' | 'bug' | 'because'> = {},
): string {
  const parts = [
    `/promote-image ${image} ${build}`,
    ...(tag === undefined ? [] : [`tag ${tag}`]),
    ...(bug === undefined ? [] : [`bug ${bug}`]),
    ...(because === undefined ? [] : [`because ${because}`]),
  ];
  return parts.join(' ');
}

/** Words that nobody asked for, as the reason that they may be meant to be: several, where no other was given. */
export function asReason({ because, strays }: Behind): string | undefined {
  if (because !== undefined || strays.length < 2) return because;
  return strays.join(' ').replace(/^[-–—:,.;]+\s+/, '');
}
