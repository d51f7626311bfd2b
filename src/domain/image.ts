/** Where a tag comes from. A new rule is one more member; the compiler lists the places to fill in. */
export type TagRule =
  /** The full commit that was built. */
  | { readonly from: 'revision' }
  /** The contents of a file of the source tree at the build's revision, trimmed. */
  | { readonly from: 'version-file'; readonly path: string }
  /** `prefix` and the 64 hex digits of the build's own level-3 `hash` index route. */
  | { readonly from: 'index-hash'; readonly prefix: string };

/** How an image is built: the exact values that a task's definition must have, never patterns. */
export interface BuildPolicy {
  /** The task is labelled `docker-image-<name>` (older: `build-docker-image-<name>`). */
  readonly name: string;
  /** Taskcluster trust domain: `releng`, `gecko`, `taskgraph`. */
  readonly trustDomain: string;
  /** `<provisionerId>/<workerType>` of the level-3 pool. */
  readonly workerPool: string;
  /** Where a build may come from; at least one. */
  readonly sources: readonly BuildSource[];
  /** Whose signed task graph must hold the build; `none`: then its repository is its own word. */
  readonly decision: { readonly pool: string } | 'none';
}

/** A project whose level-3 builds are the image. */
export interface BuildSource {
  /** Its name in index routes: `fxci-config`, `mozilla-central`. */
  readonly project: string;
  /** Compared part by part. */
  readonly repository: string;
  readonly branch: string;
  /** Also what the repository's releases build. */
  readonly releases: boolean;
}

/** A source tree that pins an image: git by any URL, or a repository of hg.mozilla.org. */
export type PinSource = {
  readonly branch: string;
  /** `auto`: every tracked file that names the image. hg needs a list: it is read file by file. */
  readonly files: 'auto' | readonly string[];
  /** First line of this tree's commit, where its convention is not the image's. */
  readonly message?: string | undefined;
  /** Who is asked for review, as `r=…` says it; only trees whose commits name bugs do. */
  readonly reviewers?: readonly string[] | undefined;
} & (
  | { readonly git: string; readonly hg?: undefined }
  | { readonly hg: string; readonly git?: undefined }
);

/** The optional step of the runbook that re-pins an image's requirement files. */
export interface Repin {
  /** By digest. */
  readonly image: string;
  readonly command: readonly string[];
  readonly source: PinSource;
  readonly workdir: string;
  /** Whose changes go into the patch: paths of the tree, with `*` within a name and `**` for any depth. */
  readonly paths?: readonly string[] | undefined;
  readonly network: boolean;
  readonly limits: RepinLimits;
}

export interface RepinLimits {
  /** Bytes, also for /tmp. */
  readonly memory: number;
  /** Bytes in the checkout, in all, whatever they are called. */
  readonly disk: number;
  /** Processors’ worth of time. */
  readonly processors: number;
  /** Processes and threads at once. */
  readonly processes: number;
  /** Milliseconds. */
  readonly time: number;
}

/** One entry of the configuration: how an image is built, where published, how tagged, where pinned. */
export interface Image {
  readonly name: string;
  readonly build: BuildPolicy;
  /** The repository it is published as, e.g. `mozillareleases/build-decision`. */
  readonly publish: string;
  /** Older published names. A pin to one of them is this image's, and moves to `publish`. */
  readonly formerly: readonly string[];
  readonly tag: TagRule;
  readonly pins: readonly PinSource[];
  /** First line of the commit that updates the pins; it may name the tag: `{tag}`, `{version}`, `{short}`. */
  readonly message: string;
  readonly repin?: Repin | undefined;
  /** Others publish it: what pins it is compared with what is published, and nothing is promoted. */
  readonly check?: 'only' | undefined;
  /** The hook, `<group>/<hook>`, that runs an image straight from its task, to try it before its pins land. */
  readonly tryIn?: string | undefined;
}

/** One line that tells where a source tree is, for people. */
export function sourceUrl(source: PinSource): string {
  return source.git ?? source.hg;
}

/** The name by which people know a source tree: the last part of its address, fit for a file’s name. */
export function treeName(url: string): string {
  const last =
    url
      .replace(/(?:\/?\.git)?\/*$/, '')
      .split(/[/:]/)
      .at(-1) ?? 'tree';
  return last.replaceAll(/[^A-Za-z0-9_-]/g, '-');
}

/** The names of those that can be promoted. */
export function promotableNames({
  images,
}: {
  readonly images: Readonly<Record<string, Image>>;
}): readonly string[] {
  return Object.values(images).flatMap(({ name, check }) => (check === 'only' ? [] : [name]));
}
