import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { digestFromHex, type Digest } from '../src/domain/reference.ts';
import { tar, type TarMember } from './tar.ts';

/** What a file of a layer is made from: its contents, or more than that. */
export type LayerFile =
  | string
  | Uint8Array
  | { readonly contents: string | Uint8Array; readonly mode: number }
  | { readonly symlink: string };

/** A layer that can be read as often as needed without being held in memory. */
export interface Layer {
  readonly diffId: Digest;
  /** Bytes of its tar. */
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** A layer of these files, by path; the folders above them come by themselves. */
export async function makeLayer(files: Readonly<Record<string, LayerFile>>): Promise<Layer> {
  return measure(() => tar(membersOf(files)));
}

/** A layer out of everything below a folder of this machine, put at `at` in the image. */
export async function layerFromFolder(folder: string, at = ''): Promise<Layer> {
  const above = at === '' ? [] : foldersAbove(`${at}/`).map(folderMember);
  return measure(() => tar(inTurn(above, membersBelow(folder, at))));
}

/** A layer that exists as a tar already. */
export async function layerFromTar(path: string): Promise<Layer> {
  return measure(() => createReadStream(path, { highWaterMark: 256 * 1024 }));
}

async function measure(open: Layer['open']): Promise<Layer> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of open()) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { diffId: digestFromHex(hash.digest('hex')), size, open };
}

function membersOf(files: Readonly<Record<string, LayerFile>>): TarMember[] {
  const folders = new Set(Object.keys(files).flatMap(foldersAbove));
  const members = Object.entries(files).map(([name, file]) => memberOf(name, file));
  return [...[...folders].map(folderMember), ...members].toSorted(byName);
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, depth) => `${parts.slice(0, depth + 1).join('/')}/`);
}

function folderMember(name: string): TarMember {
  return { name, type: '5', mode: 0o755 };
}

function memberOf(name: string, file: LayerFile): TarMember {
  if (typeof file === 'string' || file instanceof Uint8Array) {
    return { name, body: Buffer.from(file) };
  }
  if ('symlink' in file) return { name, type: '2', link: file.symlink, mode: 0o777 };
  return { name, mode: file.mode, body: Buffer.from(file.contents) };
}

async function* membersBelow(folder: string, at: string): AsyncGenerator<TarMember> {
  for (const name of (await readdir(folder)).toSorted()) {
    const path = join(folder, name);
    const inside = at === '' ? name : `${at}/${name}`;
    const stat = await lstat(path);
    const mode = stat.mode & 0o7777;
    if (stat.isDirectory()) {
      yield { name: `${inside}/`, type: '5', mode };
      yield* membersBelow(path, inside);
    } else if (stat.isSymbolicLink()) {
      yield { name: inside, type: '2', link: await readlink(path), mode };
    } else if (stat.isFile()) {
      yield { name: inside, mode, size: stat.size, body: () => createReadStream(path) };
    }
  }
}

async function* inTurn<T>(...lists: (Iterable<T> | AsyncIterable<T>)[]): AsyncGenerator<T> {
  for (const list of lists) yield* list;
}

function byName(a: TarMember, b: TarMember): number {
  return a.name < b.name ? -1 : 1;
}
