import type { Refusal } from './errors.ts';
import type { TagState, Target, TrustedBuild } from './plan.ts';
import type { Digest } from './reference.ts';
import type { Pin } from './tree.ts';

/** One image's newest trusted build, what is published, and what is pinned: side by side. */
export interface Drift {
  readonly image: string;
  readonly newest: Newest | Refusal;
  /** The newest published tag, where the registry shows it. */
  readonly published: NewestTag | Refusal;
  /** Releases of the image’s repository publish it themselves: pins follow their tags, and there is nothing to promote. */
  readonly byRelease: boolean;
  readonly trees: readonly TreeDrift[];
}

/** The newest published tag; `of` tags none can be told from the others; `undefined` where there is none. */
export type NewestTag = string | { readonly of: number } | undefined;

export interface Newest {
  readonly build: TrustedBuild;
  readonly target: Target;
  readonly tagNow: TagStanding | Refusal;
}

/** What the newest build's tag holds. That a digest is the image only our own log says. */
export type TagStanding =
  | Exclude<TagState, { readonly state: 'holds' }>
  | { readonly state: 'published' | 'not-ours'; readonly digest: Digest };

export interface TreeDrift {
  readonly source: string;
  readonly pins: readonly DriftedPin[] | Refusal;
}

export type DriftedPin = Pin &
  (
    | { readonly standing: 'newest' }
    | { readonly standing: 'behind'; readonly by: Distance | undefined }
    /** There is nothing to compare it with. */
    | { readonly standing: 'unknown' }
    /** It names a tag that moves, on purpose. */
    | { readonly standing: 'moving' }
  );

/** How far a pin is behind the newest build. */
export type Distance =
  /** Versions after the pinned one, the newest build's included. */
  | { readonly versions: number }
  /** Between the build of the pinned commit and the newest. */
  | { readonly days: number };
