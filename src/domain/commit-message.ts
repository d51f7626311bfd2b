import type { Image } from './image.ts';
import type { RaisedCache } from './tree.ts';

/** What `message` may name of the image, in braces. */
export const placeholders = {
  /** The whole tag. */
  tag: (tag: string) => tag,
  /** The tag without what stands before its version; a hash cut to twelve digits. */
  version: (tag: string) =>
    shortened(/(?<=^|[-_.]|^v|[-_.]v)\d+(?:\.\d+)+.*$/.exec(tag)?.[0] ?? tag),
  /** The tag with its hash cut to twelve digits: of a tag that is the commit the short commit. */
  short: (tag: string) => shortened(tag),
} as const;

function shortened(tag: string): string {
  return tag.replace(/[0-9a-f]{40,}$/, (hash) => hash.slice(0, 12));
}

/**
 * First line of the commit that updates the pins: the configured one with its placeholders filled in, in the form that
 * trees with bugs use.
 */
export function subject(
  image: Pick<Image, 'message'>,
  { tag, bug }: { readonly tag: string; readonly bug?: number | undefined },
): string {
  const message = Object.entries(placeholders).reduce(
    (text, [name, of]) => text.replaceAll(`{${name}}`, () => of(tag)),
    image.message,
  );
  if (bug === undefined) return message;
  return `Bug ${bug} - ${message.replace(/^(?:chore(?:\([^)]*\))?:|no bug(?: -)?)\s*/i, '')}`;
}

/** What a commit message says besides its first line. */
export interface Landing {
  /** First line, see {@link subject}. */
  readonly subject: string;
  readonly reference: string;
  /** The page of the task that built the image. */
  readonly task: string;
  readonly repository: string;
  readonly revision: string;
  /** Named with `r=` where the first line is of the form that goes with it: a bug’s, or `No bug`. */
  readonly reviewers?: readonly string[] | undefined;
  readonly caches?: readonly RaisedCache[] | undefined;
}

/** The whole commit message: first line, empty line, what the image is and where it comes from. */
export function commitMessage(landing: Landing): string {
  const { reviewers = [], caches = [] } = landing;
  const isReviewed = reviewers.length > 0 && /^(?:bug \d+|no bug)\b/i.test(landing.subject);
  const review = isReviewed ? ` r=${reviewers.join(',')}` : '';
  const lines = [
    `${landing.subject}${review}`,
    '',
    `Image: ${landing.reference}`,
    `Task: ${landing.task}`,
    `Built from: ${landing.revision} of ${landing.repository}`,
  ];
  if (caches.length > 0) {
    lines.push('', 'Mercurial changed, so the checkout cache gets a new name.');
  }
  return `${lines.map((line) => line.replaceAll(/[\0-\x1f\x7f]+/g, ' ')).join('\n')}\n`;
}
