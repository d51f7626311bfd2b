/** How a call goes wrong. */
export type How =
  /** An HTTP answer that is not Slack's JSON; `retryAfter` in seconds or as an HTTP date. The call is not applied. */
  | { readonly status: number; readonly retryAfter?: number | string }
  /** `ok: false` with this code. The call is not applied. */
  | { readonly error: string }
  /** The call is applied, then the connection is cut. */
  | 'drop-reply'
  /** The connection is cut before the call is applied. */
  | 'drop-request'
  /** No answer, ever. The call is not applied. */
  | 'stall'
  /** HTTP 200 with a page instead of JSON. The call is not applied. */
  | 'html';

export interface Fault {
  /** A Web API method, `upload`, `response_url`, or `*`. */
  readonly method: string;
  /** How often; once by default. */
  readonly times?: number;
  /** How many calls go well before. */
  readonly after?: number;
  readonly how: How;
}

/** What is to go wrong, in the order in which it was asked for. */
export class Faults {
  #faults: { fault: Fault; left: number; skip: number }[] = [];

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1, skip: fault.after ?? 0 });
  }

  clear(): void {
    this.#faults = [];
  }

  /** What goes wrong with this call, if anything. */
  take(method: string): How | undefined {
    const due = this.#faults.find(
      ({ fault, left }) => left > 0 && (fault.method === method || fault.method === '*'),
    );
    if (!due) return undefined;
    if (due.skip > 0) {
      due.skip -= 1;
      return undefined;
    }
    due.left -= 1;
    return due.fault.how;
  }
}
