import type { RaisedCache } from '../domain/tree.ts';

/**
 * Where a checkout cache is declared: the key of a mapping to a checkouts path (`payload.cache` of docker-worker), or a
 * `cacheName` (mounts of generic-worker). Its name ends in `-v` and a number.
 */
const declarations = [
  /(?<=["'`])(?<stem>[^"'`\r\n]{0,200}checkouts[^"'`\r\n]{0,100}-v)(?<number>\d{1,9})(?=["'`]\]?[ \t]*[:=][ \t]*["'`]?[^\s"'`]{0,200}checkout)/g,
  /(?<=^|[\s{,])(?<stem>(?:\$\{[^}\s]{0,60}\}|[^\s"'`:{}$]){0,200}checkouts[^\s"'`:]{0,100}-v)(?<number>\d{1,9})(?=[ \t]*:[ \t]+["'`]?[^\s"'`]{0,200}checkout)/g,
  /(?<=\bcache-?[nN]ame["']?[ \t]*:[ \t]*["']?)(?<stem>[^"'`\s]{0,200}checkouts[^"'`\s]{0,100}-v)(?<number>\d{1,9})(?=["']?[ \t]*(?:#|\r?$))/gm,
];

/**
 * Raises the number at the end of each checkout cache's name by one, each distinct name once and wherever the text says
 * it: an older Mercurial can't read what a newer one cloned, and workers share these caches. Caches of git checkouts
 * (`…-checkouts-git-…`) are none of Mercurial's business and stay.
 */
export function raiseCheckoutCaches(
  text: string,
  path: string,
): { readonly text: string; readonly raised: readonly RaisedCache[] } {
  const names = declared(text);
  if (names.size === 0) return { text, raised: [] };
  const each = [...names.keys()].map((name) =>
    name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
  );
  const anywhere = new RegExp(String.raw`(?<![\w}-])(?:${each.join('|')})(?![\w-]|\.\w)`, 'g');
  const raised = new Map<string, RaisedCache>();
  const next = text.replaceAll(anywhere, (from, at: number) => {
    const to = names.get(from) ?? from;
    if (!raised.has(from)) raised.set(from, { path, line: lineOf(text, at), from, to });
    return to;
  });
  return { text: next, raised: [...raised.values()] };
}

/** Name → name with the number raised. */
function declared(text: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const match of declarations.flatMap((pattern) => [...text.matchAll(pattern)])) {
    const { stem = '', number = '' } = match.groups ?? {};
    if (/-git(?:-|$)/.test(stem.slice(stem.lastIndexOf('checkouts')))) continue;
    names.set(`${stem}${number}`, `${stem}${Number(number) + 1}`);
  }
  return names;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
