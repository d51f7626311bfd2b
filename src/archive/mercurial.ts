/**
 * What tells Mercurial's version in an image, in the order of trust: Debian's list of packages, the module itself, and
 * what pip notes beside it.
 */
export const evidences = ['dpkg', 'module', 'metadata'] as const;
export type Evidence = (typeof evidences)[number];

const places: readonly (readonly [RegExp, Evidence])[] = [
  [/^var\/lib\/dpkg\/status(?:\.d\/mercurial(?:-common)?)?$/, 'dpkg'],
  [/(?:^|\/)(?:site|dist)-packages\/mercurial\/__version__\.py$/, 'module'],
  [/(?:^|\/)(?:site|dist)-packages\/mercurial-[^/]+\.dist-info\/METADATA$/, 'metadata'],
  [/(?:^|\/)(?:site|dist)-packages\/mercurial-[^/]+\.egg-info(?:\/PKG-INFO)?$/, 'metadata'],
];

/** What the file at this path (no leading slash) would tell, or `undefined` for every other path. */
export function evidenceAt(path: string): Evidence | undefined {
  return places.find(([place]) => place.test(path))?.[1];
}

/** The version that such a file gives, as `hg version` prints it; `undefined` where it gives none. */
export function versionIn(evidence: Evidence, text: string): string | undefined {
  const version = readers[evidence](text);
  // What is no version is a stranger's text, and this is shown to people.
  return version !== undefined && /^\d[\w.+~-]{0,39}$/.test(version) ? version : undefined;
}

const readers = { dpkg: fromDpkg, module: fromModule, metadata: fromMetadata } as const;

/** @see https://www.debian.org/doc/debian-policy/ch-controlfields.html#version */
function fromDpkg(status: string): string | undefined {
  for (const name of ['mercurial', 'mercurial-common']) {
    const stanza = stanzaOf(status, name);
    const state = /^Status: \S+ \S+ (\S+)$/m.exec(stanza)?.[1] ?? 'installed';
    const version = /^Version: (?:\d+:)?(\S+)$/m.exec(stanza)?.[1];
    if (version === undefined || gone.has(state)) continue;
    return version.replace(/-[^-]*$/, '');
  }
  return undefined;
}

/** States of a package whose files are not there (any more). */
const gone = new Set(['not-installed', 'config-files', 'half-installed']);

/** The paragraph of a package, or an empty text. */
function stanzaOf(status: string, name: string): string {
  const text = `\n${status}`;
  const start = text.indexOf(`\nPackage: ${name}\n`);
  if (start === -1) return '';
  const begin = text.lastIndexOf('\n\n', start);
  const end = text.indexOf('\n\n', start + 1);
  return text.slice(begin + 1, end === -1 ? text.length : end);
}

function fromModule(python: string): string | undefined {
  return /^version\s*=\s*b?["']([^"'\n]+)["']/m.exec(python)?.[1];
}

/** @see https://packaging.python.org/en/latest/specifications/core-metadata/ */
function fromMetadata(metadata: string): string | undefined {
  const head = metadata.split(/\r?\n\r?\n/, 1)[0] ?? '';
  if (!/^name: mercurial\r?$/im.test(head)) return undefined;
  return /^version: (\S+)$/im.exec(head)?.[1];
}
