import type { TagRule } from './image.ts';
import type { Digest, Revision, TaskId } from './reference.ts';
import type { BuildAsk } from './ask.ts';

/** One thing that was proven, in words: the verdict is shown line by line. */
export interface Check {
  readonly check: 'status' | 'definition' | 'chain-of-trust' | 'artifact' | 'archive';
  readonly says: string;
}

/** The decision task that answers for a build: it may act for its source and for no other, and planned exactly this task. */
export interface BoundDecision {
  /** It is the build's task group. */
  readonly taskId: TaskId;
  /** Its right, e.g. `assume:repo:github.com/mozilla-releng/fxci-config:branch:main`. */
  readonly scope: string;
  /** The action task of its group that planned the build, where it did not do so itself. */
  readonly action?: { readonly taskId: TaskId; readonly scope: string } | undefined;
}

/** A build whose definition and chain of trust are proven (points 1 to 3 of “What makes a build trusted”). */
export interface TrustedBuild {
  readonly taskId: TaskId;
  readonly runId: number;
  /** `docker-image-<name>`, as the task is labelled. */
  readonly label: string;
  readonly repository: string;
  /** Of the policy's source that it was built from. */
  readonly project: string;
  /** The branch that its decision task acted for; missing where nothing tells. */
  readonly branch?: string | undefined;
  /** What binds it to its repository; `none`: nothing, by the policy, so that repository and revision are its own word. */
  readonly decision: BoundDecision | 'none';
  readonly revision: Revision;
  readonly workerPool: string;
  readonly schedulerId: string;
  /** The task's own `…cache.level-3.docker-images.v2.<name>.hash.<hash>` route, without `index.`. */
  readonly route: string;
  /** The 64 hex digits at the end of {@link route}. */
  readonly indexHash: string;
  /** ISO 8601, UTC: when the run resolved. */
  readonly builtAt: string;
  /** ISO 8601, UTC: when the first of task, image and certificate expires. */
  readonly expires: string;
  /** SHA-256 over the canonical definition. */
  readonly definition: Digest;
  /** SHA-256 over the raw bytes of `public/chain-of-trust.json`. */
  readonly certificate: Digest;
  /** The configured key (base64 of the raw 32 bytes) that signed it. */
  readonly signedBy: string;
  readonly artifact: {
    readonly name: string;
    readonly storage: 's3' | 'object';
    /** The sha256 that the chain of trust gives for it. */
    readonly sha256: Digest;
  };
  readonly checks: readonly Check[];
}

/** What the artifact's bytes were when they were streamed for the plan. */
export interface ArtifactFacts {
  readonly size: number;
  readonly sha256: Digest;
  /** sha256 (hex) of each prefix that ends at a multiple of 4 MiB: at the push, bytes are released only up to one that matched. */
  readonly checkpoints: readonly string[];
}

export interface ArchiveLayer {
  /** sha256 of the uncompressed layer. */
  readonly diffId: Digest;
  /** Uncompressed bytes. */
  readonly size: number;
}

/** What an image archive holds, proven against its own config. */
export interface Contents {
  /** sha256 of the image's config: equal in archive and registry. */
  readonly imageId: Digest;
  /** In the order of `rootfs.diff_ids`: the base first. */
  readonly layers: readonly ArchiveLayer[];
  /** `linux/amd64`. */
  readonly platform: string;
  /** Mercurial's version, where one is installed. */
  readonly mercurial?: string | undefined;
}

/** What is under a tag now, as the registry says: which image it is stands in a manifest that anybody may have made. */
export type TagState =
  | { readonly state: 'free' }
  /** `imageId` is missing where the tag holds no single image (an index). */
  | { readonly state: 'holds'; readonly digest: Digest; readonly imageId?: Digest | undefined }
  /** The registry does not say without credentials. */
  | { readonly state: 'unseen' };

/** What is under the tag that a plan is for, as far as we know it by ourselves. */
export type TagNow =
  | Exclude<TagState, { readonly state: 'holds' }>
  /** This very image, published by us: our own log says so. */
  | { readonly state: 'published'; readonly digest: Digest }
  /** This very image, put there by somebody else: every layer of it was proven. */
  | { readonly state: 'found'; readonly digest: Digest };

export interface Target {
  /** Repository without host. */
  readonly name: string;
  readonly tag: string;
}

/** One place of a source tree that names the image, and what it says there now. */
export interface PlannedPin {
  /** URL of the source tree. */
  readonly source: string;
  readonly path: string;
  /** 1-based, where the pin begins. */
  readonly line: number;
  /** What the pin says: a whole reference, one without a digest, a bare digest or version. */
  readonly from: string;
}

/** A source tree as it was when the pins were looked up. Not part of what is bound: trees move all day. */
export interface PlannedTree {
  readonly source: string;
  readonly revision: string;
}

export type Warning =
  /** Nothing proves the repository: the policy asks for no decision task. */
  | { readonly warning: 'own-word'; readonly repository: string; readonly revision: Revision }
  | { readonly warning: 'cached'; readonly asked: Revision; readonly built: Revision }
  | { readonly warning: 'mercurial-changed'; readonly from: string; readonly to: string }
  /** Mercurial is in the new image, but the pinned one does not tell which it has. */
  | { readonly warning: 'mercurial-unknown'; readonly to: string; readonly problem: string }
  /** The build is dropped while the request may still wait for its approval. ISO 8601, UTC. */
  | { readonly warning: 'expires-early'; readonly expires: string }
  | { readonly warning: 'tag-unseen' }
  | { readonly warning: 'tag-given'; readonly rule: TagRule['from'] }
  | {
      readonly warning: 'pin-not-understood';
      readonly source: string;
      readonly path: string;
      readonly line: number;
    }
  /** A pin in a path that no patch can name. */
  | {
      readonly warning: 'pin-not-patchable';
      readonly source: string;
      readonly path: string;
      readonly line: number;
    }
  | { readonly warning: 'no-pins'; readonly source: string }
  /** The tree names the image by a tag that moves: it follows that one, and no patch pins it. */
  | {
      readonly warning: 'moving-tag';
      readonly source: string;
      readonly path: string;
      readonly line: number;
      readonly name: string;
    }
  /** The tree pins a tag that releases of the image's repository publish by themselves. */
  | {
      readonly warning: 'released-tag';
      readonly source: string;
      readonly path: string;
      readonly line: number;
      readonly tag: string;
      readonly repository: string;
    };

/** Everything that will happen, as plain data. What the approver sees is rendered from this very value. */
export interface Plan {
  readonly image: string;
  readonly asked: BuildAsk;
  readonly build: TrustedBuild;
  readonly artifact: ArtifactFacts;
  readonly contents: Contents;
  readonly registry: string;
  readonly engine: 'registry' | 'docker';
  readonly target: Target;
  readonly tagNow: TagNow;
  readonly pins: readonly PlannedPin[];
  readonly trees: readonly PlannedTree[];
  readonly warnings: readonly Warning[];
  /** First line of the commit that updates the pins. */
  readonly message: string;
  /** The configuration that this plan was made under: SHA-256 over each part's canonical form. */
  readonly policy: PolicyHashes;
}

export interface PolicyHashes {
  readonly approval: Digest;
  readonly taskcluster: Digest;
  readonly registry: Digest;
  readonly image: Digest;
}
