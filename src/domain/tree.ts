export interface TreeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

export interface Tree {
  readonly source: string;
  /** The branch's tip when the tree was read. */
  readonly revision: string;
  readonly files: readonly TreeFile[];
}

export interface TreeEdit {
  readonly tree: Tree;
  /** New bytes by path; only paths of the tree. */
  readonly changed: ReadonlyMap<string, Uint8Array>;
  /** The whole commit message: first line, empty line, body. */
  readonly message: string;
  readonly at: Date;
  /** The revision that the plan was made on: the patch says so where the tree has moved since. */
  readonly planned?: string | undefined;
  /** Whose commit it is to be, as they are called elsewhere; the bot’s where nobody is given. */
  readonly author?: { readonly name: string; readonly email: string } | undefined;
}

/** What was changed in a checkout. */
export interface Reworked {
  /** The changed files as they were. */
  readonly tree: Tree;
  readonly changed: ReadonlyMap<string, Uint8Array>;
  /** Paths that were added, removed or turned into something else. */
  readonly besides: readonly string[];
}

/** A place of a source tree that names the image, and what it says: `name:tag@sha256:…`, or what is there of it. */
export interface Pin {
  readonly path: string;
  /** 1-based, where the pin begins. */
  readonly line: number;
  readonly from: string;
}

/** A cache whose number was raised. */
export interface RaisedCache {
  readonly path: string;
  /** 1-based, of the first place that says it. */
  readonly line: number;
  readonly from: string;
  readonly to: string;
}
