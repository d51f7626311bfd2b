import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TarMember } from '../local/tar.ts';

/** A file of this machine, and how much of it goes into a layer. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
}

/** What one layer is filled with: so many bytes of tar, out of these folders first. */
export interface Filling {
  readonly bytes: number;
  readonly from: readonly string[];
}

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));

/** Kinds of files that images are made of. */
export const kinds = {
  programs: ['/usr/bin', '/usr/sbin', '/usr/libexec', '/usr/lib'],
  libraries: ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'],
  headers: ['/usr/include', '/usr/src'],
  python: ['/usr/lib/python3', '/usr/lib/python3.11', '/usr/local/lib'],
  modules: [modules],
  documents: ['/usr/share/doc', '/usr/share/man', '/usr/share/locale', '/usr/share'],
} as const;

/** Where files come from when the folders of a kind are used up. */
const anywhere = ['/usr/lib', '/usr/share', '/usr/local', '/usr/include', modules];

/** Larger ones are left out, so that no single file decides what a layer is like. */
const largestFile = 24 * 1024 * 1024;
const blockSize = 512;

/** Chooses the files of each layer; no file is in two. The order of the names decides, so that it is the same each time. */
export async function chooseFiles(fillings: readonly Filling[]): Promise<SourceFile[][]> {
  const used = new Set<string>();
  const chosen: SourceFile[][] = [];
  for (const filling of fillings) chosen.push(await fill(filling, used));
  return chosen;
}

async function fill({ bytes, from }: Filling, used: Set<string>): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  // What is left when the two zero blocks at the end are counted.
  let room = bytes - 2 * blockSize;
  for (const folder of [...from, ...anywhere]) {
    for await (const { path, size } of filesBelow(folder)) {
      if (room < 2 * blockSize) return files;
      if (used.has(path)) continue;
      used.add(path);
      const taken = Math.min(size, room - blockSize);
      files.push({ path, size: taken });
      room -= blockSize + Math.ceil(taken / blockSize) * blockSize;
    }
  }
  if (room < 2 * blockSize) return files;
  throw new Error(`This machine has too few files: ${room} bytes of ${bytes} are missing`);
}

async function* filesBelow(folder: string): AsyncGenerator<SourceFile> {
  const names = await readdir(folder).catch(() => []);
  // What is hidden is caches, and may change at any time.
  for (const name of names.filter((one) => !one.startsWith('.')).toSorted(byName)) {
    const path = join(folder, name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat?.isDirectory()) yield* filesBelow(path);
    else if (stat?.isFile() && stat.size > 0 && stat.size <= largestFile) {
      yield { path, size: stat.size };
    }
  }
}

/** The same on every machine, whatever its language. */
function byName(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** The files as members of a layer, with the folders above them, below `prefix`. */
export function* membersOf(files: readonly SourceFile[], prefix = ''): Generator<TarMember> {
  const folders = new Set<string>();
  for (const { path, size } of files) {
    const name = `${prefix}${path.slice(1)}`;
    for (const folder of foldersAbove(name)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      yield { name: `${folder}/`, type: '5', mode: 0o755 };
    }
    yield {
      name,
      size,
      mode: 0o755,
      body: () => beginning(path, size),
    };
  }
}

/** So many bytes of a file. Throws where it has become shorter. */
async function* beginning(path: string, size: number): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { end: size - 1, highWaterMark: 1024 * 1024 });
  yield* stream;
  if (stream.bytesRead < size) throw new Error(`${path} changed while it was read`);
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [...foldersAbove(folder), folder];
}
