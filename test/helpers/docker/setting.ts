import { createHash } from 'node:crypto';
import { imageArchive, zstd, type Layout, type LocalImage } from '../../../local/image.ts';
import type { Contents, Target } from '../../../src/domain/plan.ts';
import type { Artifact, KnownLayer, Push } from '../../../src/ports.ts';
import type { Progress } from '../../../src/domain/push-progress.ts';
import { digestFromHex } from '../../../src/domain/reference.ts';
import { Secret, type Credentials } from '../../../src/domain/secret.ts';

export interface PushSetting {
  readonly image: LocalImage;
  readonly target: Target;
  readonly credentials: Credentials;
  readonly layout?: Layout;
  readonly layers?: 'plain' | 'gzip';
  /** Changes the artifact's bytes on their way. */
  readonly through?: (bytes: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly beforeTag?: () => Promise<void>;
}

/** A push of an image, and what it did. */
export function pushOf(setting: PushSetting) {
  const { image, target, credentials, layout = 'image_builder', layers = 'plain' } = setting;
  const ledger: KnownLayer[] = [];
  const progress: Progress[] = [];
  let opened = 0;
  const push: Push = {
    target,
    credentials,
    contents: contentsOf(image),
    open: async () => {
      opened += 1;
      const archive = zstd(imageArchive(image, layout, { layers }), 1);
      return artifactOf(setting.through?.(archive) ?? archive);
    },
    ledger: {
      find: async () => [],
      add: async (known) => void ledger.push(...known),
    },
    onProgress: (now) => {
      progress.push(now);
      setting.onProgress?.(now);
    },
    beforeTag: setting.beforeTag ?? (async () => undefined),
    signal: setting.signal ?? new AbortController().signal,
  };
  return { push, ledger, progress, opened: () => opened };
}

export function account(username: string, password: string): Credentials {
  return { username, password: new Secret(password) };
}

function contentsOf({ imageId, layers }: LocalImage): Contents {
  return {
    imageId,
    layers: layers.map(({ diffId, size }) => ({ diffId, size })),
    platform: 'linux/amd64',
  };
}

function artifactOf(source: AsyncIterable<Uint8Array>): Artifact {
  const hash = createHash('sha256');
  let size = 0;
  async function* bytes() {
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }
  const facts = () => ({ size, sha256: digestFromHex(hash.copy().digest('hex')), checkpoints: [] });
  return { bytes: bytes(), size: undefined, facts };
}
