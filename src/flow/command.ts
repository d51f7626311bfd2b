import { askLine, asReason, readBehind, type Behind } from './ask-line.ts';
import { isRefusal, refuse, type Refusal } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { linkToBuild } from './link.ts';
import { isMovingTag, isReleasedTag } from '../domain/tag.ts';
import { Revision, Tag, TaskId } from '../domain/reference.ts';
import type { Ask, BuildAsk } from '../domain/ask.ts';
import { visible } from '../domain/visible.ts';

/** What a person wants of the bot. */
export type Command =
  | { readonly do: 'promote'; readonly ask: Ask }
  | { readonly do: 'form' }
  | { readonly do: 'status'; readonly id?: string | undefined }
  | { readonly do: 'history'; readonly image?: string | undefined }
  | { readonly do: 'withdraw'; readonly id: string }
  | { readonly do: 'check'; readonly image?: string | undefined }
  | { readonly do: 'repin'; readonly image: string; readonly reference?: string | undefined }
  | { readonly do: 'help' };

/** What a command line is understood against. */
export interface Vocabulary {
  readonly images: Readonly<Record<string, Image>>;
  /** Links to tasks are links below it. */
  readonly rootUrl: string;
}

const exampleRevision = 'bd900d7a313c796d48da21fdb54ae35db812e3dc';

/** The text after `/promote-image` as a command, or why it is none and a line that works. */
export function parseCommand(line: string, vocabulary: Vocabulary): Command | Refusal {
  const text = asTyped(line);
  const words = text.trim().split(/\s+/).filter(Boolean);
  const [verb = '', ...rest] = words;
  switch (verb.toLowerCase()) {
    case '':
      return { do: 'form' };
    case 'help':
      return { do: 'help' };
    case 'status':
      return rest.length <= 1 ? { do: 'status', id: rest[0] } : misunderstood(text, 'status');
    case 'withdraw':
      return rest[0] && rest.length === 1
        ? { do: 'withdraw', id: rest[0] }
        : misunderstood(text, 'withdraw <id>');
    case 'history':
    case 'check':
      return aboutImage({
        do: verb.toLowerCase() as 'history' | 'check',
        words: rest,
        text,
        vocabulary,
      });
    case 'repin':
      return repin(rest, text, vocabulary);
    default:
      return promote(text, vocabulary);
  }
}

/**
 * What was typed: Slack turns a link into `<https://…|label>` and escapes `&`, `<` and `>`. What nobody sees around a
 * word came along when it was copied.
 */
function asTyped(text: string): string {
  return text
    .replaceAll(
      /(?<=^|\s)[\p{Cf}\p{Default_Ignorable_Code_Point}]+|[\p{Cf}\p{Default_Ignorable_Code_Point}]+(?=\s|$)/gu,
      '',
    )
    .replaceAll(/<(https?:[^|<>\s]+)(?:\|[^<>]*)?>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** The image of this name, or a refusal that names those there are. */
export function knownImage(name: string, { images }: Pick<Vocabulary, 'images'>): Image | Refusal {
  const image = Object.hasOwn(images, name) ? images[name] : undefined;
  if (image) return image;
  const known = Object.keys(images);
  return refuse('unknown-image', {
    image: name,
    known: known.join(', '),
    example: askLine(closest(name, known), 'latest'),
  });
}

/** The same for an image that is to be promoted: one that is only checked is refused. */
export function promotableImage(name: string, vocabulary: Pick<Vocabulary, 'images'>) {
  const image = knownImage(name, vocabulary);
  if (isRefusal(image) || image.check !== 'only') return image;
  return refuse('check-only', { image: image.name, example: `/promote-image check ${image.name}` });
}

/** `<build>` as a commit, a task or the latest; a link is followed in thought only. */
export function parseBuild(word: string, image: Image, rootUrl: string): BuildAsk | Refusal {
  const build = visible(asTyped(word));
  if (build.toLowerCase() === 'latest') return { by: 'latest' };
  const revision = Revision.safeParse(build.toLowerCase());
  if (revision.success) return { by: 'revision', revision: revision.data };
  const taskId = TaskId.safeParse(build);
  if (taskId.success) return { by: 'task', taskId: taskId.data };
  if (/^https?:\/\//.test(build)) return linkToBuild(build, image, rootUrl);
  return refuse('bad-build', {
    build,
    example: askLine(image.name, exampleRevision),
  });
}

/** `<image> <build> [tag X] [bug N] [because …]`, with whatever else stands there refused. */
function promote(text: string, vocabulary: Vocabulary): Command | Refusal {
  const [, name = '', buildWord, rest = ''] = /^(\S+)(?:\s+(\S+))?([^]*)$/.exec(text.trim()) ?? [];
  const image = promotableImage(name, vocabulary);
  if (isRefusal(image)) return image;
  const example = askLine(image.name, exampleRevision);
  if (!buildWord) return refuse('bad-build', { build: '', example });
  const build = parseBuild(buildWord, image, vocabulary.rootUrl);
  if (isRefusal(build)) return build;
  const behind = readBehind(rest);
  const { tag, bug, because } = behind;
  if (behind.strays.length > 0) return strayWords(behind, image, buildWord);
  const problem = tag === undefined ? undefined : tagProblem(tag, image);
  if (problem) {
    const untagged = askLine(image.name, buildWord, { bug, because });
    return refuse('bad-tag', { tag: tag ?? '', problem, example: untagged });
  }
  return { do: 'promote', ask: { image: image.name, build, tag, bug, because } };
}

/** Says what was typed besides, and the line that is right: with everything else that was typed. */
function strayWords(behind: Behind, image: Image, build: string): Refusal {
  const { tag, bug, because, strays } = behind;
  const [word = ''] = strays;
  if (strays.length === 1 && tag === undefined && looksLikeTag(word, image)) {
    const tagged = askLine(image.name, build, { tag: word, bug, because });
    const example = askLine(image.name, build, { bug, because });
    return refuse('tag-unsaid', { word, tagged, example });
  }
  const known = tag !== undefined && tagProblem(tag, image) === undefined ? tag : undefined;
  const example = askLine(image.name, build, { tag: known, bug, because: asReason(behind) });
  return refuse('stray-words', { words: strays.join(' '), example });
}

/** A word that may have been meant as a tag: people's words have no digit. */
function looksLikeTag(word: string, image: Image): boolean {
  return /\d/.test(word) && tagProblem(word, image) === undefined;
}

/** Why a tag given by hand will not do for this image. */
export function tagProblem(tag: string, { tag: rule }: Image): string | undefined {
  if (!Tag.safeParse(tag).success) return 'a tag is letters, digits, _ . - and at most 128 long';
  if (isMovingTag(tag)) return 'a tag that moves cannot be pinned';
  if (isReleasedTag({ tag: rule }, tag)) {
    return 'releases of the image’s repository publish such tags, and they are never mine to set';
  }
  if (rule.from === 'index-hash' && !tag.startsWith(rule.prefix)) {
    return `this image’s tags begin with ${rule.prefix}`;
  }
  return undefined;
}

function aboutImage(given: {
  readonly do: 'history' | 'check';
  readonly words: readonly string[];
  readonly text: string;
  readonly vocabulary: Vocabulary;
}): Command | Refusal {
  const [name, ...more] = given.words;
  if (more.length > 0) return misunderstood(given.text, given.do);
  if (name === undefined) return { do: given.do };
  const image = knownImage(name, given.vocabulary);
  return isRefusal(image) ? image : { do: given.do, image: image.name };
}

function repin(words: readonly string[], text: string, vocabulary: Vocabulary): Command | Refusal {
  const [name, reference, ...more] = words;
  if (name === undefined || more.length > 0) return misunderstood(text, 'repin build-decision');
  const image = knownImage(name, vocabulary);
  return isRefusal(image) ? image : { do: 'repin', image: image.name, reference };
}

function misunderstood(text: string, example: string): Refusal {
  return refuse('unknown-command', { text, example: `/promote-image ${example}` });
}

/** The known name that has most pairs of letters in common with what was typed: good enough for a slip of the pen. */
function closest(name: string, known: readonly string[]): string {
  const typed = pairs(name);
  const alike = (other: string): number => {
    const its = pairs(other);
    return typed.intersection(its).size / (typed.size + its.size);
  };
  return known.toSorted((a, b) => alike(b) - alike(a))[0] ?? '';
}

function pairs(name: string): ReadonlySet<string> {
  const text = name.toLowerCase();
  return new Set(Array.from(text, (_, at) => text.slice(at, at + 2)));
}
