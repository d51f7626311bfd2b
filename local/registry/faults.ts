import type { IncomingHttpHeaders } from 'node:http';

/** What a request is about: where a fault can be put. */
export type Step =
  | 'ping'
  | 'look'
  | 'manifest'
  | 'put-manifest'
  | 'put-tag'
  | 'head-blob'
  | 'get-blob'
  | 'mount'
  | 'start'
  | 'patch'
  | 'finish'
  | 'status'
  | 'cancel'
  | 'tags'
  | 'token';

/** What goes wrong. Everything but `answer`, `cut`, `stall` and `stop-reading` still does what was asked. */
export type Fault =
  /** Answers this and does nothing, after something else has happened. */
  | {
      readonly fault: 'answer';
      readonly happens?: () => void;
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Takes so many bytes of the request's body (they count), then breaks the connection. */
  | { readonly fault: 'cut'; readonly after: number }
  /** Never answers; reads nothing more. */
  | { readonly fault: 'stall' }
  /** Takes so many bytes of the request's body (they count), then no more, and never answers. */
  | { readonly fault: 'stop-reading'; readonly after: number }
  /** Takes the request's body so many bytes a time, this many milliseconds apart. */
  | { readonly fault: 'read-slowly'; readonly bytes: number; readonly every: number }
  /** Does it, but breaks the connection instead of answering. */
  | { readonly fault: 'lose-reply' }
  /** Does it, then answers with these headers; an empty text takes a header away. */
  | { readonly fault: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** Does it, then answers with this body. */
  | { readonly fault: 'body'; readonly body: string | Buffer }
  /** Sends the answer's body a byte a time, this many milliseconds apart. */
  | { readonly fault: 'drip'; readonly every: number }
  /** Does it, then closes its side of the connection instead of answering. */
  | { readonly fault: 'half-close' }
  /** Does it, then sends a head that never ends, a byte a time, this many milliseconds apart. */
  | { readonly fault: 'drip-head'; readonly every: number }
  /** Sends the answer's head and half of its body, then nothing. */
  | { readonly fault: 'hang' }
  /** Waits, then goes on. */
  | { readonly fault: 'slow'; readonly ms: number }
  /** Something else happens first: somebody pushes, a token ends. */
  | { readonly fault: 'meanwhile'; readonly happens: () => void };

interface Planned {
  readonly step: Step;
  readonly fault: Fault;
  readonly only: (headers: IncomingHttpHeaders) => boolean;
  skip: number;
  times: number;
}

/** Which requests of a step a fault is put on. */
export interface When {
  /** How many; 1 by default. */
  readonly times?: number;
  /** Sound ones before the first. */
  readonly skip?: number;
  /** Only those with such headers. */
  readonly only?: (headers: IncomingHttpHeaders) => boolean;
}

/** A list of faults to come, taken in order as matching requests arrive. */
export interface Faults {
  add(step: Step, fault: Fault, when?: When): void;
  /** The fault for a request that arrives now. */
  take(step: Step, headers: IncomingHttpHeaders): Fault | undefined;
  clear(): void;
}

export function createFaults(): Faults {
  const planned: Planned[] = [];
  return {
    add(step, fault, { times = 1, skip = 0, only = () => true } = {}) {
      planned.push({ step, fault, skip, times, only });
    },
    take(step, headers) {
      const next = planned.find(
        (plan) => plan.step === step && plan.times > 0 && plan.only(headers),
      );
      if (!next) return undefined;
      if (next.skip > 0) {
        next.skip -= 1;
        return undefined;
      }
      next.times -= 1;
      return next.fault;
    },
    clear() {
      planned.length = 0;
    },
  };
}
