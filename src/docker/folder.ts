import { lchown, lstat, readdir, readlink, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Whom the command runs as: us, or nobody where we are root. */
export function owner(): Owner {
  const uid = process.getuid?.() ?? 0;
  return uid === 0 ? { uid: 65_534, gid: 65_534 } : { uid, gid: process.getgid?.() ?? uid };
}

/** Gives the checkout (not its `.git`) to somebody; only root can, and only root has to. */
export async function giveTo({ uid, gid }: Owner, folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await lchown(folder, uid, gid);
  for await (const path of pathsIn(folder)) await lchown(path, uid, gid).catch(ignoreMissing);
}

/** Bytes on disk below the folder: of every file, also under `.git`. */
export async function usedBy(folder: string): Promise<number> {
  let bytes = 0;
  for await (const path of pathsIn(folder, { git: true })) {
    const found = await lstat(path).catch(ignoreMissing);
    // A file takes an inode however empty it is.
    bytes += found ? found.blocks * 512 + 512 : 0;
  }
  return bytes;
}

/** Every link below the folder, with where it leads, and whatever else is neither file nor folder. */
export async function linksIn(folder: string): Promise<string> {
  const links: [string, string][] = [];
  for await (const path of pathsIn(folder)) {
    const found = await lstat(path);
    if (found.isSymbolicLink()) links.push([path, await readlink(path)]);
    else if (!found.isFile() && !found.isDirectory()) links.push([path, 'special']);
    else if (found.isFile() && found.nlink > 1) links.push([path, 'hard']);
  }
  return JSON.stringify(links.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Bytes that are free on the disk that the folder is on. */
export async function freeBeside(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Paths below the folder; what is under its `.git` only where that is asked for. */
async function* pathsIn(
  folder: string,
  { git }: { readonly git: boolean } = { git: false },
): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
  for (const entry of entries ?? []) {
    if (!git && entry.name === '.git') continue;
    const path = join(folder, entry.name);
    yield path;
    if (entry.isDirectory()) yield* pathsIn(path, { git: true });
  }
}

/** The command goes on while we look. */
function ignoreMissing(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}
