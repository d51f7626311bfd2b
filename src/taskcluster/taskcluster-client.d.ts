/** The package ships no types. These are the calls that are used: it knows Taskcluster's addresses. */
declare module 'taskcluster-client' {
  /** A method of the API; only ever handed back to `buildUrl`. */
  type Method = (...args: readonly never[]) => Promise<unknown>;

  interface Options {
    readonly rootUrl: string;
    readonly retries?: number;
    /** Milliseconds for one request. */
    readonly timeout?: number;
    readonly credentials?: {
      readonly clientId?: string;
      readonly accessToken?: string;
      readonly certificate?: string | undefined;
    };
  }

  class Client {
    constructor(options: Options);
    /** The address of a call, its arguments percent-encoded. */
    buildUrl(method: Method, ...args: readonly (string | number)[]): string;
    /** The same, signed for a quarter of an hour (Hawk’s bewit). Throws without credentials. */
    buildSignedUrl(method: Method, ...args: readonly (string | number)[]): string;
  }

  class Queue extends Client {
    readonly task: (taskId: string) => Promise<unknown>;
    readonly status: (taskId: string) => Promise<unknown>;
    readonly getArtifact: (taskId: string, runId: number, name: string) => Promise<unknown>;
    readonly getLatestArtifact: (taskId: string, name: string) => Promise<unknown>;
    readonly artifactInfo: (taskId: string, runId: number, name: string) => Promise<unknown>;
    readonly listArtifacts: (taskId: string, runId: number) => Promise<unknown>;
  }

  class Index extends Client {
    readonly findTask: (indexPath: string) => Promise<unknown>;
    readonly listTasks: (namespace: string) => Promise<unknown>;
  }

  export const clients: { readonly Queue: typeof Queue; readonly Index: typeof Index };

  /** Downloads an artifact as it pleases: no time limit, any host. Not for releases. */
  export function downloadArtifact(options: {
    readonly taskId: string;
    readonly runId: number;
    readonly name: string;
    readonly queue: Queue;
    readonly streamFactory: () => Promise<NodeJS.WritableStream>;
  }): Promise<string>;
}
