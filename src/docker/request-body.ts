import { Writable } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * The body of a request that dockerode sends. A write is done when the socket has taken the bytes, so that their memory
 * may be used again: a stream that keeps them for it would need a copy of everything.
 */
export class RequestBody extends Writable {
  readonly #request = Promise.withResolvers<NodeJS.WritableStream>();
  #underWay: Done | undefined;

  /** The one thing that dockerode does with a body. */
  override pipe<T extends NodeJS.WritableStream>(request: T): T {
    this.#request.resolve(request);
    return request;
  }

  override _write(bytes: Buffer, _encoding: string, done: Done): void {
    const written: Done = (error) => {
      if (this.#underWay !== written) return;
      this.#underWay = undefined;
      done(error);
    };
    this.#underWay = written;
    void this.#piped((request) => request.write(bytes, written));
  }

  override _final(done: Done): void {
    void this.#piped((request) => request.end(done));
  }

  override _destroy(error: Error | null, done: Done): void {
    // A request that is gone may never say so to whoever waits for his bytes.
    this.#underWay?.(error ?? new Error('The request is over'));
    done(error);
  }

  async #piped(use: (request: NodeJS.WritableStream) => void): Promise<void> {
    use(await this.#request.promise);
  }
}
