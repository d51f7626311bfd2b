import { isUtf8 } from 'node:buffer';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../domain/errors.ts';
import { isPatchable } from '../domain/patchable.ts';
import type { TreeEdit, TreeFile } from '../domain/tree.ts';
import { visible } from '../domain/visible.ts';
import { withScratch, type GitEnd, type GitOptions, type Scratch } from './git.ts';
import { gitProblem } from './git-problem.ts';
import { patchMessage } from './patch-message.ts';

/** Whom the commit is by where nobody else is given. */
const ours = 'promote-image <promote-image@localhost>';

/**
 * The change as one email patch. It is made in a repository that holds only the touched files: their blobs, and so the
 * `index` lines and hunks, are those of the real tree. Throws `patch-failed`, also for a path that no tree could have.
 */
export async function makePatch(edit: TreeEdit, options: GitOptions): Promise<string> {
  const touched = edit.tree.files.filter(({ path }) => edit.changed.has(path));
  const strange =
    [...edit.changed.keys()].find((path) => !touched.some((file) => file.path === path)) ??
    touched.map(({ path }) => path).find((path) => !isPatchable(path));
  if (strange !== undefined) return failed(edit, 'it would change a path that is not the tree’s');
  if (touched.length === 0) return failed(edit, 'nothing would change');
  return withScratch(options, undefined, async (scratch) => {
    const sound = (end: GitEnd): Buffer =>
      end.outcome === 'done' ? end.stdout : failed(edit, gitProblem(end, options).problem);
    await keepBytes(scratch, edit, touched);
    sound(await scratch.git(['fast-import', '--quiet'], { input: history(edit, touched) }));
    return sound(await scratch.git(formatPatch)).toString();
  });
}

/** Nothing of git's version or of a machine: the same edit gives the same bytes. */
const formatPatch = [
  'format-patch',
  '--stdout',
  '--full-index',
  '--no-renames',
  '--no-signature',
  '--zero-commit',
  '--no-stat',
  '-1',
  'refs/heads/main',
];

function failed({ tree }: TreeEdit, problem: string): never {
  return fail('patch-failed', { source: tree.source, problem });
}

/**
 * `git am` takes carriage returns at line ends for mail's and drops them, and text that is not UTF-8 would not survive
 * the way through Slack: such a patch would not apply. These files are given as binary patches, which are ASCII.
 */
async function keepBytes(
  { folder }: Scratch,
  { changed }: TreeEdit,
  touched: readonly TreeFile[],
): Promise<void> {
  const fragile = touched.filter(({ path, bytes }) =>
    [bytes, changed.get(path) ?? bytes].some(
      (content) => Buffer.from(content).includes('\r\n') || !isUtf8(content),
    ),
  );
  if (fragile.length === 0) return;
  const lines = fragile.map(({ path }) => `${quoted(`/${globEscaped(path)}`)} -diff\n`);
  await mkdir(join(folder, 'info'), { recursive: true });
  await writeFile(join(folder, 'info', 'attributes'), lines.join(''));
}

function globEscaped(path: string): string {
  return path.replaceAll(/[*?[\]\\]/g, String.raw`\$&`);
}

function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** One line that git reads as a name and an address, whatever somebody is called. */
function authorOf({ author }: TreeEdit): string {
  if (!author || !/^[\w.+%-]{1,64}@[A-Za-z0-9.-]{1,190}$/.test(author.email)) return ours;
  // What git's own form is made of, and what a mail's header could take for more than a name.
  const name = visible(author.name)
    .replaceAll(/[<>"\\,;:@()[\]]/g, ' ')
    .replaceAll(/ +/g, ' ')
    .trim();
  return `${name.slice(0, 100) || author.email.replace(/@.*/, '')} <${author.email}>`;
}

/** Two commits of the touched files: as they are, and as they are to be. The form is `git help fast-import`'s. */
function history(edit: TreeEdit, touched: readonly TreeFile[]): Buffer {
  const before = touched.map((file) => ({ file, bytes: file.bytes }));
  const after = touched.map((file) => ({ file, bytes: edit.changed.get(file.path) ?? file.bytes }));
  return Buffer.concat([
    ...commit('As it is\n', { at: edit.at, author: ours }, before),
    ...commit(patchMessage(edit), { at: edit.at, author: authorOf(edit) }, after),
  ]);
}

function commit(
  message: string,
  { at, author }: { readonly at: Date; readonly author: string },
  contents: readonly { readonly file: TreeFile; readonly bytes: Uint8Array }[],
): readonly Uint8Array[] {
  const seconds = Math.floor(at.getTime() / 1000);
  return [
    Buffer.from(
      `commit refs/heads/main\nauthor ${author} ${seconds} +0000\ncommitter ${ours} ${seconds} +0000\n`,
    ),
    ...data(Buffer.from(message)),
    ...contents.flatMap(({ file, bytes }) => [
      Buffer.from(`M ${file.executable ? '100755' : '100644'} inline ${quoted(file.path)}\n`),
      ...data(bytes),
    ]),
  ];
}

function data(bytes: Uint8Array): readonly Uint8Array[] {
  return [Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')];
}
