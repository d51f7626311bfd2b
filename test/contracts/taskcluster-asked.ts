/** One answer, whoever gave it: the body parsed where it is JSON, header names in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

/** A Taskcluster that holds a completed image task of a git push, and its decision task. */
export interface Asked {
  readonly image: string;
  readonly decision: string;
  /** A route that leads to the image task. */
  readonly route: string;
  /** The path is one below the root URL. */
  get(path: string): Promise<Answer>;
  /** What the storage gives of an artifact of run 0. */
  stored(taskId: string, name: string): Promise<Answer>;
}
