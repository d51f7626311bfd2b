import { createHash, randomUUID } from 'node:crypto';

/** A manifest as it was put: the bytes count, nothing is ever written anew. */
export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** One repository: a blob is only seen where it was pushed or mounted, as in the real thing. */
export interface StoredRepository {
  readonly blobs: Map<string, Buffer>;
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

/** An upload under way. */
export interface Upload {
  readonly id: string;
  readonly repository: string;
  readonly parts: Buffer[];
  size: number;
}

/** Everything the registry holds, in memory. */
export interface Store {
  readonly repositories: Map<string, StoredRepository>;
  readonly uploads: Map<string, Upload>;
  /** The repository of that name, made where it is not there yet. */
  repository(name: string): StoredRepository;
  startUpload(repository: string): Upload;
}

export function createStore(): Store {
  const repositories = new Map<string, StoredRepository>();
  const uploads = new Map<string, Upload>();
  return {
    repositories,
    uploads,
    repository(name) {
      const known = repositories.get(name);
      if (known) return known;
      const made = { blobs: new Map(), manifests: new Map(), tags: new Map() };
      repositories.set(name, made);
      return made;
    },
    startUpload(repository) {
      const upload: Upload = { id: randomUUID(), repository, parts: [], size: 0 };
      uploads.set(upload.id, upload);
      return upload;
    },
  };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
