import type { LayerProgress } from '../domain/push-progress.ts';
import type { Push } from '../ports.ts';
import type { Digest } from '../domain/reference.ts';
import type { Pushed } from '../domain/states.ts';

/**
 * What is asked of the registry around a push that a Docker engine carries out. Each question may be repeated; all throw
 * a PromotionError.
 */
export interface RegistrySide {
  /** As it is configured: by it the engine knows where an image’s name leads. */
  readonly url: string;
  /**
   * Asked first: what the tag holds, proven to be this very image; `undefined` where it is free and the account may push.
   * Throws `tag-taken`, `registry-credentials`, `registry-denied` or another one.
   */
  precheck(push: Push): Promise<Pushed | undefined>;
  /** The same of the tag, right before it is put. Throws `changed-tag` where it holds another image by now. */
  underTag(push: Push): Promise<Pushed | undefined>;
  /** Throws `registry-credentials` or `registry-denied` where the account may not push. */
  mayPush(push: Push): Promise<void>;
  /** What the engine pushed, read back and proven. Throws `read-back-…`. */
  readBack(push: Push, done: Done): Promise<Pushed>;
}

/** What the engine says it did. */
export interface Done {
  /** Of the manifest that it made. */
  readonly digest: Digest;
  readonly compressor: string;
  /** What became of the image's layers, in their order. */
  readonly layers: readonly LayerProgress[];
}
