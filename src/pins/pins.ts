import { raiseCheckoutCaches } from './checkout-cache.ts';
import type { RaisedCache, TreeFile, Pin } from '../domain/tree.ts';
import type { Span } from './forms.ts';
import { readPins, type Part, type Place, type ReadFile } from './reader.ts';
import { imageFor, type NextReference, type PinImage } from '../domain/tag.ts';
import type { Reference } from '../domain/reference.ts';

export interface MovedPin extends Pin {
  readonly to: string;
}

/** A place that names the image in a form that is not understood: for a person to look at. */
export interface UnclearPin {
  readonly path: string;
  readonly line: number;
  readonly name: string;
}

/** A place that names the image by a tag that moves, on purpose: it is told and left as it is. */
export interface MovingPin {
  readonly path: string;
  readonly line: number;
  /** `name:tag` */
  readonly name: string;
}

export interface Repinned {
  /** New bytes of every file that changes. */
  readonly changed: ReadonlyMap<string, Uint8Array>;
  readonly pins: readonly MovedPin[];
  /** Pins that said the new reference before. */
  readonly settled: readonly Pin[];
  readonly caches: readonly RaisedCache[];
  readonly notUnderstood: readonly UnclearPin[];
  readonly moving: readonly MovingPin[];
  /** Pins that would move and were not to be. */
  readonly spared: readonly Pin[];
}

/**
 * Where the files pin the image. Mentions without a tag or digest are no pins; what can't be read is told apart. With
 * `next`, what the pins are going to say, also the VERSION file where that has to go up.
 */
export function findPins(
  files: readonly TreeFile[],
  image: PinImage,
  next?: NextReference,
): Pick<Repinned, 'notUnderstood' | 'moving'> & { readonly pins: readonly Pin[] } {
  const seenAs = next ? imageFor(image, next) : image;
  const read = files.map((file) => ({ path: file.path, ...readPins(file, seenAs, next) }));
  return {
    pins: read.flatMap(({ path, places }) =>
      places.map((place) => ({ path, line: place.line, from: says(place) })),
    ),
    notUnderstood: read.flatMap(({ path, unclear }) =>
      unclear.map(({ line, name }) => ({ path, line, name })),
    ),
    moving: read.flatMap(({ path, moving }) =>
      moving.map(({ line, name }) => ({ path, line, name })),
    ),
  };
}

export interface Repinning {
  readonly reference: Reference;
  readonly mercurialChanged: boolean;
  /** Which pins are to be moved: all, unless told. */
  readonly moves?: ((pin: Pin) => boolean) | undefined;
}

/**
 * Moves every pin of the image to `reference` and keeps every other byte. A pin keeps its form: its quotes, its lines,
 * its host, a digest without a tag; a tag without a digest gets one. Where Mercurial changed, the numbers of the
 * checkout caches go up in the files of moved pins. Applied to its own result it changes nothing.
 */
export function repinFiles(files: readonly TreeFile[], image: PinImage, to: Repinning): Repinned {
  const seenAs = imageFor(image, to.reference);
  const moved = files.map((file) => repinFile(file, readPins(file, seenAs, to.reference), to));
  return {
    changed: new Map(moved.flatMap(({ path, bytes }) => (bytes ? [[path, bytes]] : []))),
    pins: moved.flatMap(({ pins }) => pins),
    settled: moved.flatMap(({ settled }) => settled),
    caches: moved.flatMap(({ caches }) => caches),
    notUnderstood: moved.flatMap(({ notUnderstood }) => notUnderstood),
    moving: moved.flatMap(({ moving }) => moving),
    spared: moved.flatMap(({ spared }) => spared),
  };
}

interface Edit extends Span {
  readonly text: string;
}

function repinFile(
  { path }: TreeFile,
  { text, places, unclear, moving: atMovingTags }: ReadFile,
  { reference, mercurialChanged, moves = () => true }: Repinning,
): Omit<Repinned, 'changed'> & { readonly path: string; readonly bytes: Uint8Array | undefined } {
  const pins: MovedPin[] = [];
  const [settled, spared]: [Pin[], Pin[]] = [[], []];
  const notUnderstood = unclear.map(({ line, name }) => ({ path, line, name }));
  const moving = atMovingTags.map(({ line, name }) => ({ path, line, name }));
  const edits: Edit[] = [];
  for (const place of places) {
    const pin = { path, line: place.line, from: says(place) };
    const move = editsOf(place, reference);
    if (!move) notUnderstood.push({ path, line: place.line, name: place.name?.text ?? '' });
    else if (move.length === 0) settled.push(pin);
    else if (!moves(pin)) spared.push(pin);
    else {
      pins.push({ ...pin, to: says(next(place, reference)) });
      edits.push(...move);
    }
  }
  const rewritten = apply(text, edits);
  const raise = mercurialChanged && pins.length > 0;
  const { text: after, raised: caches } = raise
    ? raiseCheckoutCaches(rewritten, path)
    : { text: rewritten, raised: [] };
  const bytes = after === text ? undefined : new Uint8Array(Buffer.from(after, 'latin1'));
  return { path, bytes, pins, settled, caches, notUnderstood, moving, spared };
}

type Said = Readonly<Record<'name' | 'tag' | 'hex', { readonly text: string } | undefined>>;

function says({ name, tag, hex }: Said): string {
  const parts = [name?.text ?? '', name && tag ? `:${tag.text}` : (tag?.text ?? '')];
  if (hex) parts.push(`${name ? '@' : ''}sha256:${hex.text}`);
  return parts.join('');
}

/** What the place will say: the same parts as now, and a digest where one belongs. */
function next(place: Place, { name, tag, digest }: Reference): Said {
  const hasDigest = place.hex ?? place.digestAt;
  return {
    name: place.name && { text: name },
    tag: place.tag && { text: tag },
    hex: hasDigest === undefined ? undefined : { text: hexOf(digest) },
  };
}

/** What to write for the place to say the reference; `undefined` where its split name has no place for the new one. */
function editsOf(place: Place, { name, tag, digest }: Reference): readonly Edit[] | undefined {
  const edits: Edit[] = [];
  if (place.name && place.name.text !== name) {
    const named = spread(tokens(name), place.name);
    if (!named) return undefined;
    edits.push(...named);
  }
  if (place.tag && place.tag.text !== tag) edits.push(...cut(tag, place.tag));
  if (place.hex && place.hex.text !== hexOf(digest)) edits.push(...cut(hexOf(digest), place.hex));
  if (!place.hex && place.digestAt !== undefined) {
    edits.push({ start: place.digestAt, end: place.digestAt, text: `@${digest}` });
  }
  return edits;
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

/** Puts a text where an old one stood, cut where that was cut; what is longer goes into the last piece. */
function cut(text: string, { spans }: Part): readonly Edit[] {
  let from = 0;
  return spans.map((span, index) => {
    const to = index === spans.length - 1 ? text.length : from + span.end - span.start;
    const edit = { ...span, text: text.slice(from, to) };
    from = to;
    return edit;
  });
}

/** The same for a name, which is cut at its slashes only. */
function spread(parts: readonly string[], { text, spans }: Part): readonly Edit[] | undefined {
  if (spans.length === 1) return spans.map((span) => ({ ...span, text: parts.join('') }));
  if (tokens(text).length !== parts.length) return undefined;
  let [from, taken] = [0, 0];
  return spans.map((span) => {
    const old = text.slice(from, from + span.end - span.start);
    from += old.length;
    const count = tokens(old).length;
    const edit = { ...span, text: parts.slice(taken, taken + count).join('') };
    taken += count;
    return edit;
  });
}

/** `a/b` → `a`, `/`, `b`. */
function tokens(name: string): readonly string[] {
  return name.match(/\/|[^/]+/g) ?? [];
}

function apply(text: string, edits: readonly Edit[]): string {
  let [after, at] = ['', 0];
  for (const edit of edits) {
    after += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return after + text.slice(at);
}
