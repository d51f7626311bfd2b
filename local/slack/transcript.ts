import { EventEmitter } from 'node:events';

/** One request or delivery that crossed the wire, whole; tokens and headers are not part of it. */
export interface Crossing {
  /** Milliseconds since 1970, on Slack's clock. */
  readonly at: number;
  /** Who began: the app called Slack, or Slack delivered to the app. */
  readonly from: 'app' | 'slack';
  readonly via: 'api' | 'upload' | 'response_url' | 'socket' | 'http';
  /** A method, or the kind of delivery. */
  readonly name: string;
  readonly request: unknown;
  readonly response: unknown;
  /** The HTTP status, or what cut the exchange short. */
  readonly status: number | 'dropped' | 'stalled' | 'timeout' | undefined;
}

/** Everything that crossed the wire, in order. */
export class Transcript {
  readonly #crossings: Crossing[] = [];
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  add(crossing: Crossing): void {
    this.#crossings.push(crossing);
    this.#emitter.emit('add');
  }

  all(): readonly Crossing[] {
    return [...this.#crossings];
  }

  onAdd(listener: () => void): () => void {
    this.#emitter.on('add', listener);
    return () => this.#emitter.off('add', listener);
  }
}
