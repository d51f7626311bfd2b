import type { Block, CardPlace, Anchor, Message } from './domain/post.ts';
import type { Delivery, Answer, Click, Visitor, FormRead } from './domain/delivery.ts';
import type { Member } from './domain/person.ts';
import type { Progress } from './domain/push-progress.ts';
import type { Reworked, Tree, TreeEdit } from './domain/tree.ts';
import type { Refusal } from './domain/errors.ts';
import type { Image, PinSource, Repin } from './domain/image.ts';
import type { ArtifactFacts, Contents, TagState, Target, TrustedBuild } from './domain/plan.ts';
import type { Digest, Revision, TaskId } from './domain/reference.ts';
import type { Credentials } from './domain/secret.ts';
import type { Pushed, PushedLayer } from './domain/states.ts';
import type { BuildAsk, Ask } from './domain/ask.ts';

/** Bytes that arrive bit by bit; leaving the loop early closes their source. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Finds builds, proves where they come from, and hands out their bytes. (Taskcluster) */
export interface Builds {
  /** The task that built the image. An index route is how a build is found, never why it is trusted. */
  find(image: Image, ask: BuildAsk): Promise<TaskId | Refusal>;
  /** Proves the task's latest run: its status, its definition and its chain of trust. */
  verify(image: Image, taskId: TaskId): Promise<TrustedBuild | Refusal>;
  /** Opens the artifact of exactly this run. Throws a PromotionError where it can't be had. */
  open(build: TrustedBuild, options: OpenOptions): Promise<Artifact>;
}

export interface OpenOptions {
  readonly signal: AbortSignal;
  /** What was approved: no byte is released before the prefix it belongs to has matched a checkpoint. */
  readonly approved?: ArtifactFacts | undefined;
}

/** An artifact under way. `bytes` throws a PromotionError at its end where length or sha256 are not the signed ones. */
export interface Artifact {
  readonly bytes: Bytes;
  /** Bytes announced, where they were. */
  readonly size: number | undefined;
  /** What passed, after `bytes` has ended. Throws before. */
  facts(): ArtifactFacts;
}

/** Reads an image archive to its end, keeping nothing. Throws a PromotionError at whatever is not sound. */
export type Inspect = (archive: Bytes) => Promise<Contents>;

/** Reads a registry. Nothing here writes. */
export interface Registry {
  /** What the tag holds now, as the registry says; without credentials as anybody sees it. */
  look(target: Target, credentials?: Credentials): Promise<TagState>;
  /**
   * Whether the manifest `name@digest` is of exactly this image, as anybody may read it: each layer by the ledger or by its
   * bytes. What was read is added to the ledger.
   */
  prove(claim: {
    readonly name: string;
    readonly digest: Digest;
    readonly contents: Contents;
    readonly ledger: Ledger;
  }): Promise<Proof>;
  /** What the image under `name@digest` holds, read from the registry as anybody may. */
  inspect(name: string, digest: Digest): Promise<Contents>;
  /** Tags of the repository, newest first where the registry tells. */
  tags(name: string): Promise<readonly string[]>;
}

/** The layers of a manifest that is of exactly this image; otherwise what is not its own, in words. */
export type Proof = { readonly layers: readonly PushedLayer[] } | { readonly problem: string };

/**
 * Whether our own log says that we published exactly this under that target, on the registry that is configured. What it
 * does not say is not so.
 */
export type Published = (target: Target, digest: Digest) => Promise<boolean>;

/** When our own log says that each tag of a repository was last published: ISO 8601 by tag. */
export type PublishedTimes = (name: string) => Promise<ReadonlyMap<string, string>>;

/** What an engine is to do: exactly the approved image, under exactly this tag. */
export interface Push {
  readonly target: Target;
  /** The plan's contents: the manifest goes up only after everything matched. */
  readonly contents: Contents;
  /** Opens the artifact; called once, or again where the engine must start over. */
  readonly open: () => Promise<Artifact>;
  readonly credentials: Credentials;
  readonly ledger: Ledger;
  readonly onProgress: (progress: Progress) => void;
  /**
   * Awaited when everything else is there, right before the tag is put: where it throws, none is put. `digest` is the
   * manifest’s, where the engine makes that itself.
   */
  readonly beforeTag: (digest?: Digest) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Carries the image to the registry and reads it back. Refuses a tag that holds another image before a layer moves;
 * a tag that holds this very image is success. May be repeated. Throws a PromotionError.
 */
export type Engine = (push: Push) => Promise<Pushed>;

/** Decrypts the credentials, at the moment they are needed. Throws a PromotionError. */
export type Secrets = () => Promise<Credentials>;

/**
 * Layers of which we know by ourselves that a blob is one gzip member of exactly that diffID: this bot compressed it, or
 * read and proved it. They need not be sent, nor read, again.
 */
export interface Ledger {
  find(diffIds: readonly Digest[]): Promise<readonly KnownLayer[]>;
  add(layers: readonly KnownLayer[]): Promise<void>;
}

export interface KnownLayer extends Omit<PushedLayer, 'how'> {
  /** The repository it is in. */
  readonly repository: string;
}

/** Source trees that pin images. (git and hg) */
export interface Trees {
  /** The files of a tree that may pin the image: the configured ones, or every tracked file that holds one of `names`. */
  read(source: PinSource, names: readonly string[]): Promise<Tree>;
  /** One file of a repository at a revision, as text. */
  file(repository: string, revision: Revision, path: string): Promise<string | Refusal>;
  /**
   * Lets `work` change files in a checkout of the branch’s tip, or of a full commit that the branch holds, and gives
   * what it changed. git only. Throws `not-on-branch` for any other commit.
   */
  rework(
    source: PinSource,
    commit: string | undefined,
    work: (folder: string) => Promise<void>,
  ): Promise<Reworked>;
  /** The change as an email patch that `git am`, `git apply` and `hg import` take. Made by git itself. */
  patch(edit: TreeEdit): Promise<string>;
}

/** Runs an image’s configured re-pin command in its container, on a checkout. Throws `repin-failed` or `docker-…`. */
export type RepinCommand = (
  repin: Repin,
  job: { readonly name: string; readonly folder: string; readonly signal: AbortSignal },
) => Promise<void>;

/** Who is who. Looked up at the moment of a click, never kept. Throws where Slack does not say. */
export interface People {
  member(user: string): Promise<Member>;
  /** User ids of a user group. */
  group(group: string): Promise<readonly string[]>;
  /** With whom else the channel is shared, in a few words; `undefined` where it is ours alone. */
  sharing(channel: string): Promise<string | undefined>;
}

/** One line to the log; `error` may hold a cause that people are not shown. */
export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  facts?: object,
) => void;

export interface Bot {
  /** The line after the slash command. Returns as soon as the request is stored. */
  onCommand(delivery: Delivery & { readonly text: string }): Promise<Answer>;
  /** What a filled form asks for. */
  readForm(values: Readonly<Record<string, string>>): FormRead;
  /** The same, from the form. */
  onAsk(delivery: Delivery, ask: Ask): Promise<Answer>;
  /** A button. */
  onDecision(click: Click): Promise<Answer>;
  /**
   * What a person is told who may not decide, before they are asked for a reason; `undefined` where they may. Nothing
   * for a copy of a click that was here before: it is not decided anew on what has become of the request since.
   */
  mayReject(click: Click): Promise<Answer | undefined>;
  /** Everything that is known of a promotion, at length. */
  details(click: Click): Promise<readonly Block[] | Refusal>;
  /** What a person is told who may see nothing of ours; `undefined` where they may look. */
  mayLook(who: Visitor): Promise<Refusal | undefined>;
  /** Does whatever is due, until nothing is: plans, pushes, reports, expiries. */
  onTick(): Promise<void>;
}

/** The channel, as a witness of the log. */
export interface Witness {
  /** Anchors of our own messages: the newest of the channel, and those in the threads of these cards. Throws. */
  anchors(cards: readonly CardPlace[]): Promise<readonly Anchor[]>;
  /** Says it in the channel, unless it said so before under this key. */
  say(message: Message, key: string): Promise<void>;
}

/** Whether the bot may act: not where the channel has seen more of the log than there is. */
export interface Holding {
  /** Compares the log with the channel now, unless that is under way. Never throws. */
  look(): Promise<void>;
  /** Resolves after the first look, with whatever success, or when nobody looks any more: until then nothing is done. */
  readonly looked: Promise<void>;
  /** Nobody looks any more. */
  close(): void;
  /** Why nothing may be planned, decided, posted or pushed; `undefined` where it may. */
  held(): Refusal | undefined;
  /** Whether anything may be done at all: it was looked, and does not hold. */
  mayAct(): boolean;
  /** Whether a push may begin: the log was compared at least once, and the channel had seen no more. */
  mayPush(): boolean;
  /** Aborted when it holds. */
  signal(): AbortSignal;
  /** The log did not say what a row said. */
  doubt(promotion: string): void;
  /** What an operator must know, in words. */
  trouble(): string | undefined;
}
