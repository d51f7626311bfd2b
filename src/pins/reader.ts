import { isProse, isWholeValue } from './context.ts';
import { readMentions, type Mention, type Span } from './forms.ts';
import {
  isMovingTag,
  mayBeOwn,
  ownsEveryTag,
  pinNames,
  tagOwner,
  type NextReference,
  type PinImage,
} from '../domain/tag.ts';
import type { TreeFile } from '../domain/tree.ts';

/** What a pin says, and where: the parts that stand there, each with its pieces of the text. */
export interface Place {
  /** 1-based, where it begins. */
  readonly line: number;
  readonly name: Part | undefined;
  readonly tag: Part | undefined;
  /** The digest's 64 hex digits. */
  readonly hex: Part | undefined;
  /** Where a missing digest belongs; `undefined` where none does, as in a VERSION file. */
  readonly digestAt: number | undefined;
}

export interface Part {
  readonly text: string;
  readonly spans: readonly Span[];
}

export interface ReadFile {
  /** One character per byte: whatever the file's encoding, it survives. */
  readonly text: string;
  readonly places: readonly Place[];
  /** Names of the image in a form that is not understood. */
  readonly unclear: readonly Mentioned[];
  /** The image by a tag that moves, without a digest: whoever wrote that wants no pin. */
  readonly moving: readonly Mentioned[];
}

/** A place that names the image and is no pin: `name`, or `name:tag`. */
export interface Mentioned {
  /** 1-based. */
  readonly line: number;
  readonly name: string;
}

/** No source file that people edit is larger. */
const largest = 5 * 1024 * 1024;

/** The image's pins in a file. Binary and huge files have none. `next` is what they are going to say. */
export function readPins(file: TreeFile, image: PinImage, next?: NextReference): ReadFile {
  if (file.bytes.length > largest || file.bytes.includes(0)) {
    return { text: '', places: [], unclear: [], moving: [] };
  }
  const text = Buffer.from(file.bytes).toString('latin1');
  if (digestFiles(image).includes(file.path)) return readDigestFile(text, image);
  if (image.tag.from === 'version-file' && file.path === image.tag.path) {
    return { text, places: readVersionFile(text, next), unclear: [], moving: [] };
  }
  return readText({ path: file.path, text }, image, next);
}

/**
 * Files that hold nothing but a digest and name no image: a `HASH` beside the VERSION file that the image's tag comes
 * from, and every `HASH` that the configuration lists by its path. Others are dead or another image's.
 */
function digestFiles(image: PinImage): readonly string[] {
  const listed = image.pins.flatMap(({ files }) => (files === 'auto' ? [] : files));
  const beside =
    image.tag.from === 'version-file' ? [image.tag.path.replace(/[^/]*$/, 'HASH')] : [];
  return [...beside, ...listed.filter((path) => /(?:^|\/)HASH$/.test(path))];
}

function readDigestFile(text: string, image: PinImage): ReadFile {
  const [, hex] = /^\s*sha256:([0-9a-f]{64})\s*$/.exec(text) ?? [];
  if (!hex) return { text, places: [], unclear: [{ line: 1, name: image.publish }], moving: [] };
  const start = text.indexOf(hex);
  const part = { text: hex, spans: [{ start, end: start + hex.length }] };
  const place = { line: 1, name: undefined, tag: undefined, hex: part, digestAt: undefined };
  return { text, places: [place], unclear: [], moving: [] };
}

/** The source of the tag: raised where the tree still has an older version, never lowered. */
function readVersionFile(text: string, next: NextReference | undefined): readonly Place[] {
  const version = text.trim();
  if (!next || !isOlder(version, next.tag)) return [];
  const start = text.indexOf(version);
  const tag = { text: version, spans: [{ start, end: start + version.length }] };
  return [{ line: 1, name: undefined, tag, hex: undefined, digestAt: undefined }];
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) =>
    (/^\d{1,9}(?:\.\d{1,9}){0,5}$/.exec(text)?.[0] ?? '').split('.').map(Number),
  );
  if (!a?.[0] || !b?.[0]) return false;
  const differs = b.findIndex((number, index) => number !== (a[index] ?? 0));
  return differs >= 0 && (a[differs] ?? 0) < (b[differs] ?? 0);
}

function readText(
  file: { readonly path: string; readonly text: string },
  image: PinImage,
  next: NextReference | undefined,
): ReadFile {
  const places: Place[] = [];
  const [unclear, moving]: [Mentioned[], Mentioned[]] = [[], []];
  const { text } = file;
  let [line, counted] = [1, 0];
  for (const mention of readMentions(text, pinNames(image, next))) {
    for (; counted < mention.start; counted++) if (text[counted] === '\n') line++;
    const verdict = judge(mention, { ...file, image, next });
    if (verdict === 'unclear') unclear.push({ line, name: mention.name });
    if (verdict === 'moving') moving.push({ line, name: wholeName(mention) });
    if (verdict === 'pin' && mention.form === 'reference') places.push(placeOf(mention, line));
  }
  return { text, places, unclear, moving };
}

function wholeName(mention: Mention): string {
  return 'tag' in mention && mention.tag ? `${mention.name}:${mention.tag}` : mention.name;
}

interface Context {
  readonly path: string;
  readonly text: string;
  readonly image: PinImage;
  readonly next: NextReference | undefined;
}

/** `moving`: a tag that moves, without a digest. */
type Verdict = 'pin' | 'unclear' | 'moving' | 'none';

function judge(mention: Mention, context: Context): Verdict {
  if (mention.form === 'name') return 'none';
  const isWhole = mention.form === 'reference' && mention.hex !== undefined;
  const verdict =
    mention.form === 'unclear' ? judgeUnclear(mention, context) : judgeReference(mention, context);
  if (verdict === 'none' || !isProse(context.path, context.text, mention.start)) return verdict;
  return isWhole && verdict === 'pin' ? 'pin' : 'none';
}

function judgeUnclear(
  { name, tag }: Mention & { form: 'unclear' },
  { image }: Context,
): 'unclear' | 'none' {
  return mayBeOwn(image, tag) || name !== image.publish ? 'unclear' : 'none';
}

function judgeReference(
  mention: Mention & { form: 'reference' },
  { text, image, next }: Context,
): Verdict {
  const { name, tag, hex } = mention;
  const isNext =
    name === next?.name && (tag === undefined ? next.digest === `sha256:${hex}` : tag === next.tag);
  if (tag === undefined) return isNext || ownsEveryTag(image, name) ? 'pin' : 'unclear';
  const owner = isNext ? 'own' : tagOwner(image, name, tag);
  if (owner === 'foreign') return 'none';
  if (owner === 'strange') return 'unclear';
  if (hex === undefined && isMovingTag(tag)) return 'moving';
  return hex !== undefined || isWholeValue(text, mention) ? 'pin' : 'unclear';
}

function placeOf(mention: Mention & { form: 'reference' }, line: number): Place {
  const { name, nameSpans, tag, tagSpans, hex, hexSpans, end } = mention;
  return {
    line,
    name: { text: name, spans: nameSpans },
    tag: tag === undefined ? undefined : { text: tag, spans: tagSpans },
    hex: hex === undefined ? undefined : { text: hex, spans: hexSpans },
    digestAt: end,
  };
}
