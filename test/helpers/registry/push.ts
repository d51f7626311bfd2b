import { randomBytes } from 'node:crypto';
import {
  imageArchive,
  makeImage,
  zstd,
  type Layout,
  type LocalImage,
} from '../../../local/image.ts';
import { makeLayer, type Layer } from '../../../local/layer.ts';
import type { Artifact, KnownLayer, Ledger, Push } from '../../../src/ports.ts';
import type { Progress } from '../../../src/domain/push-progress.ts';
import type { Contents } from '../../../src/domain/plan.ts';
import { Secret, type Credentials } from '../../../src/domain/secret.ts';

export const limits = { unpacked: 8 * 1024 ** 3 };

/** A password that must be found nowhere. */
export const canary = 'canary-7Hq2Zp9v';

export function account(password = canary): Credentials {
  return { username: 'releng', password: new Secret(password) };
}

/** A layer with one file of so many random bytes: what compression can't make smaller. */
export function randomLayer(bytes: number, path = 'data'): Promise<Layer> {
  return makeLayer({ [path]: randomBytes(bytes) });
}

export async function randomImage(...sizes: readonly number[]): Promise<LocalImage> {
  return makeImage(await Promise.all(sizes.map((size) => randomLayer(size))));
}

export function contentsOf({ imageId, layers }: LocalImage): Contents {
  return {
    imageId,
    layers: layers.map(({ diffId, size }) => ({ diffId, size })),
    platform: 'linux/amd64',
  };
}

/** Layers that were published before, in memory. */
export function memoryLedger(
  layers: KnownLayer[] = [],
): Ledger & { readonly layers: KnownLayer[] } {
  return {
    layers,
    find: async (diffIds) => layers.filter(({ diffId }) => diffIds.includes(diffId)),
    add: async (more) => void layers.push(...more),
  };
}

/** A push with everything that a test may look at or change. */
export interface TestPush extends Push {
  readonly ledger: ReturnType<typeof memoryLedger>;
  readonly progress: Progress[];
  /** How often the artifact was opened. */
  opened(): number;
}

export interface PushOptions extends Partial<Omit<Push, 'onProgress' | 'ledger'>> {
  readonly layout?: Layout;
  readonly ledger?: ReturnType<typeof memoryLedger>;
  /** Changes the artifact on its way. */
  readonly through?: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
}

export function pushOf(image: LocalImage, options: PushOptions = {}): TestPush {
  const { layout = 'image_builder', through = (bytes) => bytes, ...given } = options;
  const progress: Progress[] = [];
  let opened = 0;
  return {
    target: { name: 'mozillareleases/build-decision', tag: '1.0.0' },
    contents: contentsOf(image),
    credentials: account(),
    signal: new AbortController().signal,
    ledger: memoryLedger(),
    open: async () => {
      opened += 1;
      return artifactOf(through(zstd(imageArchive(image, layout))));
    },
    onProgress: (step) => void progress.push(step),
    beforeTag: async () => undefined,
    ...given,
    progress,
    opened: () => opened,
  };
}

function artifactOf(source: AsyncIterable<Uint8Array>): Artifact {
  let isEnded = false;
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* source;
    isEnded = true;
  }
  return {
    bytes: bytes(),
    size: undefined,
    facts() {
      if (!isEnded) throw new Error('The artifact was not read to its end');
      return { size: 0, sha256: 'sha256:' as never, checkpoints: [] };
    },
  };
}
