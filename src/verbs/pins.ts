import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { knownImage } from '../flow/command.ts';
import { isRefusal, PromotionError } from '../domain/errors.ts';
import type { Image } from '../domain/image.ts';
import { subject } from '../domain/commit-message.ts';
import { repinFiles, type Repinned } from '../pins/pins.ts';
import type { TreeFile } from '../domain/tree.ts';
import { parseReference } from '../domain/reference.ts';
import { createTrees } from '../source/trees.ts';
import { Failure, Usage, type Verb } from './verb.ts';

const usage = 'pins --image <image> --new <name:tag@sha256:digest> [--mercurial-changed] <folder>';

/** Larger files are no source text that pins anything. Bytes. */
const largest = 5 * 1024 * 1024;

/** Rewrites the pins in every text file of a folder and prints the patch. */
export const pins: Verb = async ({ args, config, env, print, now }) => {
  const { values, positionals } = readWords(args);
  const { image: name, new: text } = values;
  const [folder, ...more] = positionals;
  if (name === undefined || text === undefined || folder === undefined || more.length > 0)
    throw new Usage(usage);
  const reference = parseReference(text);
  if (!reference)
    throw new Failure(
      `“${text}” is not name:tag@sha256:digest. Give the whole reference as it is to be pinned.`,
    );
  const { policy } = await config();
  const image = knownImage(name, policy);
  if (isRefusal(image)) throw new PromotionError(image);
  const files = await readFolder(folder);
  const mercurialChanged = values['mercurial-changed'] ?? false;
  const repinned = repinFiles(files, image, { reference, mercurialChanged });
  const { changed, notUnderstood, moving } = repinned;
  if (changed.size > 0) {
    const tree = { source: basename(resolve(folder)), revision: 'the folder as it is', files };
    const edit = { tree, changed, message: subject(image, reference), at: now() };
    const patch = await createTrees({ environment: env }).patch(edit);
    print(patch.slice(patch.indexOf('diff --git ')));
  }
  for (const [path, bytes] of changed) await writeFile(join(folder, path), bytes);
  if (isNothing(repinned)) process.stderr.write(`${nothingThere(files, image)}\n`);
  for (const { path, line, name: found } of moving) {
    process.stderr.write(
      `${path} line ${line} names ${found}, a tag that moves: it is left as it is.\n`,
    );
  }
  for (const { path, line, name: found } of notUnderstood) {
    process.stderr.write(
      `${path} line ${line} names ${found} in a form that I do not understand: update it by hand.\n`,
    );
  }
};

function isNothing({ pins, settled, notUnderstood, moving }: Repinned): boolean {
  return pins.length + settled.length + notUnderstood.length + moving.length === 0;
}

/** Why there was nothing to do; where only other images of the repository are pinned, that too is told. */
function nothingThere(files: readonly TreeFile[], image: Image): string {
  const isNamed = files.some(({ bytes }) => Buffer.from(bytes).includes(image.publish));
  return isNamed
    ? `Only other images of ${image.publish} are pinned there: nothing to move.`
    : `${image.publish} is pinned nowhere there.`;
}

function readWords(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { image: text, new: text, 'mercurial-changed': { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch {
    throw new Usage(usage);
  }
}

/** Every plain file below the folder, in order of path; what belongs to the version control itself is left out. */
async function readFolder(folder: string): Promise<readonly TreeFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => {
    throw new Failure(`${folder} is not a folder that can be read.`);
  });
  const files: TreeFile[] = [];
  for (const entry of entries.filter((one) => one.isFile())) {
    const full = join(entry.parentPath, entry.name);
    const path = relative(folder, full).split(sep).join('/');
    if (/(^|\/)(\.git|\.hg)\//.test(path)) continue;
    const { size, mode } = await lstat(full);
    if (size > largest) continue;
    files.push({ path, bytes: await readFile(full), executable: (mode & 0o111) !== 0 });
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
