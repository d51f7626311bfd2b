import { fail } from '../domain/errors.ts';
import { digestFromHex, type Digest } from '../domain/reference.ts';
import type { TarEntry } from './tar.ts';

/** What an entry of an image archive is, by its name and type. */
export type Member =
  /** A layer. `claimed` is the sha256 that its name gives: of what is stored, or of what that unpacks to. */
  | { readonly kind: 'layer'; readonly claimed: Digest | undefined }
  /** A file of an OCI layout, named by its sha256: a layer or JSON. */
  | { readonly kind: 'blob'; readonly digest: Digest }
  /** JSON that says what the image is. */
  | { readonly kind: 'json' }
  /** What old readers needed; nothing is taken from it. */
  | { readonly kind: 'unused' }
  | { readonly kind: 'folder' }
  /** A second name of a layer. */
  | { readonly kind: 'link'; readonly target: string };

const hex = '([0-9a-f]{64})';
/** crane and kaniko say how a layer is packed; where their names begin with the algorithm depends on the version. */
const layerFile = new RegExp(`^(?:sha256:)?${hex}\\.tar(?:\\.gz|\\.zst)?$`);
const blobFile = new RegExp(`^blobs/sha256/${hex}$`);
const legacyLayer = new RegExp(`^${hex}/layer\\.tar$`);
const jsonFile = new RegExp(`^(?:${hex}\\.json|sha256:${hex}|manifest\\.json|index\\.json)$`);
const unusedFile = new RegExp(`^(?:${hex}/(?:json|VERSION)|repositories|oci-layout)$`);
const folder = new RegExp(`^(?:${hex}|blobs|blobs/sha256)/?$`);
const linkTarget = new RegExp(`^\\.\\./(${hex}\\.tar|${hex}/layer\\.tar)$`);

/** What an entry may say of itself beside name and size. */
const paxKeys = new Set(
  'path linkpath size mtime atime ctime uid gid uname gname LIBARCHIVE.creationtime'.split(' '),
);

/**
 * Tells what an entry is. Throws `archive-entry` for every name and type that is not in the layouts of `docker save`
 * (any age), of skopeo, whose form image_builder's archives have, and of crane and kaniko.
 */
export function memberOf(entry: TarEntry): Member {
  for (const key of entry.pax.keys()) {
    if (!paxKeys.has(key)) refuseEntry(entry.name, `it has the pax record ${quoted(key)}`);
  }
  if (entry.type === '0') return fileOf(entry.name);
  if (entry.type === '5' || entry.type === '2') {
    if (entry.size !== 0) refuseEntry(entry.name, 'it has a size though it is no file');
    return entry.type === '5' ? folderOf(entry.name) : linkOf(entry);
  }
  return refuseEntry(entry.name, `it is ${typeNames[entry.type] ?? 'of an unknown type'}`);
}

/** Throws `archive-entry`; the name is made fit to be shown. */
export function refuseEntry(name: string, problem: string): never {
  fail('archive-entry', { entry: quoted(name), problem });
}

/** Text out of an archive as people may see it: one line, no control characters, not long. */
export function quoted(text: string): string {
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return JSON.stringify(short).replaceAll(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const typeNames: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a fifo',
  S: 'a sparse file',
  g: 'a global pax header',
};

function fileOf(name: string): Member {
  const layer = layerFile.exec(name)?.[1];
  if (layer !== undefined) return { kind: 'layer', claimed: digestFromHex(layer) };
  const blob = blobFile.exec(name)?.[1];
  if (blob !== undefined) return { kind: 'blob', digest: digestFromHex(blob) };
  if (legacyLayer.test(name)) return { kind: 'layer', claimed: undefined };
  if (jsonFile.test(name)) return { kind: 'json' };
  if (unusedFile.test(name)) return { kind: 'unused' };
  return refuseEntry(name, nameProblem(name));
}

function folderOf(name: string): Member {
  return folder.test(name) ? { kind: 'folder' } : refuseEntry(name, nameProblem(name));
}

function linkOf({ name, link }: TarEntry): Member {
  const target = linkTarget.exec(link)?.[1];
  if (!legacyLayer.test(name)) refuseEntry(name, 'it is a symlink that stands for no layer');
  if (target === undefined) refuseEntry(name, `it is a symlink to ${quoted(link)}`);
  return { kind: 'link', target };
}

function nameProblem(name: string): string {
  if (name.includes('\0')) return 'its name holds a NUL';
  if (name.startsWith('/')) return 'its name is absolute';
  if (name.split('/').includes('..')) return 'its name leads outside';
  return 'no image archive has such a name';
}
