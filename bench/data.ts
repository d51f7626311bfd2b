import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { imageArchive, makeImage } from '../local/image.ts';
import { layerFromTar } from '../local/layer.ts';
import { tar, type TarMember } from '../local/tar.ts';
import type { ArtifactFacts, Contents } from '../src/domain/plan.ts';
import { chooseFiles, kinds, membersOf, type Filling, type SourceFile } from './files.ts';
import { pack } from './pack.ts';

/** The archives: A seven layers, B one giant layer, C is A and one more, D is 4 GB. */
export type ArchiveName = 'A' | 'B' | 'C' | 'D';

/** An image archive as the bot would get it, with what its plan would say of it. */
export interface Archive {
  readonly name: ArchiveName;
  readonly file: string;
  readonly facts: ArtifactFacts;
  readonly contents: Contents;
}

export interface Data {
  readonly folder: string;
  /** Makes it where it is not there yet. */
  archive(name: ArchiveName): Promise<Archive>;
  /** The layers of A, unpacked: what the floor is measured on. */
  layers(): Promise<readonly string[]>;
}

const megabyte = 1_000_000;

/** A's layers and, last, what C has besides. */
const fillings: readonly Filling[] = [
  { bytes: 170 * megabyte, from: kinds.programs },
  { bytes: 142 * megabyte, from: kinds.libraries },
  { bytes: 125 * megabyte, from: kinds.python },
  { bytes: 121 * megabyte, from: kinds.modules },
  { bytes: 59 * megabyte, from: kinds.documents },
  { bytes: 4096, from: kinds.documents },
  { bytes: 44 * megabyte, from: kinds.headers },
  { bytes: 30 * megabyte, from: kinds.programs },
];

/** How often D's second layer holds the files of B's second, each time in another folder: makes 4 GB. */
const copies = 8;
/** As image_builder packs for level 3; where the size is the point, 3. */
const zstdLevel = { A: 10, B: 10, C: 10, D: 3 } as const;

export interface DataOptions {
  /** Where it is kept; a temp folder where absent. */
  readonly folder?: string | undefined;
  /** Divides every size: for runs that only show that everything works. */
  readonly small: boolean;
}

/** The bench's archives, made of files of this machine and kept from run to run. */
export async function openData({ folder, small }: DataOptions): Promise<Data> {
  const kept = folder ?? join(tmpdir(), 'promote-image-bench');
  const place = join(kept, `${small ? 'small' : 'full'}-${await generatorHash()}`);
  await mkdir(place, { recursive: true });
  const maker = new Maker(place, small ? 40 : 1);
  return {
    folder: place,
    archive: (name) => maker.archive(name),
    layers: async () => (await maker.layerFiles()).slice(0, -1),
  };
}

/** Changes whenever what makes the data changes. */
async function generatorHash(): Promise<string> {
  const hash = createHash('sha256');
  const sources = ['data.ts', 'files.ts', 'pack.ts', '../local/tar.ts', '../local/image.ts'];
  for (const source of sources) hash.update(await readFile(new URL(source, import.meta.url)));
  return hash.digest('hex').slice(0, 12);
}

class Maker {
  readonly #place: string;
  readonly #fillings: readonly Filling[];
  #files: SourceFile[][] | undefined;

  constructor(place: string, divisor: number) {
    this.#place = place;
    this.#fillings = fillings.map(({ bytes, from }) => ({
      bytes: Math.max(4096, Math.round(bytes / divisor)),
      from,
    }));
  }

  async archive(name: ArchiveName): Promise<Archive> {
    const file = join(this.#place, `${name}.tar.zst`);
    const about = join(this.#place, `${name}.json`);
    const known = await readFile(about, 'utf8').catch(() => undefined);
    if (known !== undefined) return { name, file, ...(JSON.parse(known) as Plan) };
    const layers = await this.#layersOf(name);
    const image = makeImage(await Promise.all(layers.map(layerFromTar)), {
      name: `local/bench-${name.toLowerCase()}:latest`,
    });
    const plan = await pack(imageArchive(image, 'image_builder'), file, zstdLevel[name]);
    if (name === 'D') await rm(layers.at(-1) ?? '');
    await writeFile(about, JSON.stringify(plan));
    return { name, file, ...plan };
  }

  async #layersOf(name: ArchiveName): Promise<string[]> {
    const all = await this.layerFiles();
    const [base = '', ...rest] = all.slice(0, -1);
    if (name === 'A') return [base, ...rest];
    if (name === 'C') return all;
    const giant = () => tar(name === 'B' ? this.#copy('') : this.#copies());
    return [base, await this.#file(`giant-${name}.tar`, giant)];
  }

  /** A's layers and C's last. */
  async layerFiles(): Promise<string[]> {
    return await Promise.all(
      this.#fillings.map((_, index) =>
        this.#file(`layer-${index + 1}.tar`, async () => {
          const files = await this.#chosen();
          return tar(membersOf(files[index] ?? []));
        }),
      ),
    );
  }

  async *#copies(): AsyncGenerator<TarMember> {
    for (let copy = 1; copy <= copies; copy += 1) yield* this.#copy(`copy-${copy}/`);
  }

  /** The files of all layers of A but the first. */
  async *#copy(prefix: string): AsyncGenerator<TarMember> {
    yield* membersOf((await this.#chosen()).slice(1, -1).flat(), prefix);
  }

  async #chosen(): Promise<SourceFile[][]> {
    return (this.#files ??= await chooseFiles(this.#fillings));
  }

  async #file(
    name: string,
    make: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>,
  ): Promise<string> {
    const path = join(this.#place, name);
    if (await stat(path).catch(() => undefined)) return path;
    await pipeline(await make(), createWriteStream(`${path}.part`));
    await rename(`${path}.part`, path);
    return path;
  }
}

type Plan = Pick<Archive, 'facts' | 'contents'>;
