import type { TreeEdit } from '../domain/tree.ts';

/**
 * Lines that whoever reads a patch would take for its own: the beginning of a diff, a mail's or changeset's header, a
 * cut. Indented they are text to `git am`, `git apply` and `hg import` alike.
 */
const meansSomething =
  /^(?:diff[ \t]|Index:|---|\+\+\+|\*\*\*|@@|GIT binary|(?:old|new|deleted|rename|copy|similarity|index) |From[ :]|Date:|Subject:|#|RCS file:|retrieving revision|-- $|[ \t]*-*[ \t]*(?:>8|8<|>%|%<))/i;

/** The commit message of a patch: the one given, made harmless, and on which revision the patch was made. */
export function patchMessage({ tree, message, planned }: TreeEdit): string {
  const [subject = '', ...body] = message
    .replaceAll(/\r\n?/g, '\n')
    .trimEnd()
    .split('\n')
    .map(printable);
  const moved =
    planned === undefined || planned === tree.revision
      ? ''
      : `\nThe tree has moved since the plan, which was made on ${planned}.`;
  const made = printable(`Made on ${tree.revision} of ${tree.source}.`);
  return `${[subject, ...body.map(harmless)].join('\n')}\n\n${made}${moved}\n`;
}

function printable(line: string): string {
  return line.replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, ' ').trimEnd();
}

function harmless(line: string): string {
  return meansSomething.test(line) ? `  ${line}` : line;
}
