/** Bytes in memory, or a file on disk. */
export type Content = Uint8Array | { readonly file: string; readonly size: number };

export function sizeOf(content: Content): number {
  return content instanceof Uint8Array ? content.length : content.size;
}

/** An artifact as the queue keeps it. A task chooses the address of a `reference` itself. */
export type StoredArtifact = {
  readonly name: string;
  readonly contentType: string;
  /** ISO 8601. */
  readonly expires: string;
} & (
  | {
      readonly storageType: 's3' | 'object';
      readonly content: Content;
      /** In bytes, as the worker had it; without it, as it is stored. */
      readonly contentLength?: number | undefined;
      readonly contentEncoding?: 'gzip' | undefined;
    }
  | { readonly storageType: 'reference'; readonly url: string }
  | { readonly storageType: 'link'; readonly target: string }
  | { readonly storageType: 'error'; readonly reason: string; readonly message: string }
  /** A kind that nobody has thought of yet. */
  | { readonly storageType: 'teleport'; readonly url: string }
);

/** A run as `queue.status` tells it. */
export interface StoredRun {
  readonly runId: number;
  readonly state: string;
  readonly reasonCreated: string;
  readonly reasonResolved?: string;
  readonly workerGroup?: string;
  readonly workerId?: string;
  /** Until when the worker had to say that it is still at it. */
  readonly takenUntil?: string;
  readonly scheduled: string;
  readonly started?: string;
  readonly resolved?: string;
}

export interface StoredTask {
  definition: object;
  /** The inner object of `queue.status`. */
  status: { readonly runs: readonly StoredRun[] };
  /** By run id, then by name. */
  readonly artifacts: Map<number, Map<string, StoredArtifact>>;
}

/** Everything that the small Taskcluster knows. Tests change it as they like. */
export interface World {
  readonly tasks: Map<string, StoredTask>;
  /** Route → task id. */
  readonly index: Map<string, string>;
  /** What goes wrong, in order; the first that matches a request takes it. */
  readonly faults: Fault[];
  /** `GET queue /task/…`, one line for each request, in order. */
  readonly requests: Asked[];
}

export interface Asked {
  readonly at: Place;
  readonly path: string;
  /** `?…`, as it came. */
  readonly search: string;
  readonly headers: Headers;
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;
export type Place = 'queue' | 'index' | 'storage';

/** Something that goes wrong with the requests it matches. */
export type Fault = {
  readonly at: Place;
  /** Part of the decoded path; without it every path. */
  readonly path?: string;
  /** How many requests it takes; 1 unless given. */
  times?: number;
} & Effect;

export type Effect =
  | {
      readonly fault: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Answers 200 with any text: an HTML page, broken JSON. */
  | { readonly fault: 'text'; readonly text: string | Uint8Array; readonly type?: string }
  /** Never goes on: before the headers, or after that many bytes. */
  | { readonly fault: 'stall'; readonly after?: number }
  /** Breaks the connection after that many bytes of the body. */
  | { readonly fault: 'cut'; readonly after: number }
  /** Ends properly, but too early; without a content-length. */
  | { readonly fault: 'end'; readonly after: number }
  /** Announces another length than it has. */
  | { readonly fault: 'length'; readonly by: number }
  /** Sends the bytes really compressed, or only says so. */
  | { readonly fault: 'encoding'; readonly encoding: string; readonly compress?: boolean }
  /** To another address; without one, to itself. */
  | { readonly fault: 'redirect'; readonly to?: string }
  /** Takes no notice of `range`: 200 and everything. */
  | { readonly fault: 'whole' }
  /** Answers a range from that many bytes earlier on. */
  | { readonly fault: 'earlier'; readonly by: number }
  /** 206 though nobody asked for a range. */
  | { readonly fault: 'partial' }
  /** Answers the range from later on than was asked for. */
  | { readonly fault: 'later'; readonly by: number }
  /** One bit is another, at that byte. */
  | { readonly fault: 'flip'; readonly byte: number }
  /** Sends two content-length headers. */
  | { readonly fault: 'two-lengths' }
  /** Does nothing wrong: lets that many requests pass before the next fault. */
  | { readonly fault: 'none' };

/** The fault that takes this request, if any; used up as often as it says. */
export function takeFault(world: World, at: Place, path: string): Fault | undefined {
  const fault = world.faults.find(
    (candidate) =>
      candidate.at === at && path.includes(candidate.path ?? '') && (candidate.times ?? 1) > 0,
  );
  if (fault) fault.times = (fault.times ?? 1) - 1;
  return fault?.fault === 'none' ? undefined : fault;
}
