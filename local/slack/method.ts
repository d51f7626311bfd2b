import type { Arguments } from './arguments.ts';
import type { Triggers } from './triggers.ts';
import type { Workspace } from './workspace.ts';

/** One call of a Web API method, after its token was found good. */
export interface Call {
  readonly workspace: Workspace;
  readonly triggers: Triggers;
  readonly args: Arguments;
  /** `http://127.0.0.1:<port>` of this Slack. */
  readonly origin: string;
  /** Makes a one-time address for a Socket Mode connection. */
  readonly openSocket: () => string;
}

/** A Web API method: answers the fields beside `ok`, or throws an ApiError. */
export interface Method {
  /** Which token it wants; `bot` by default. */
  readonly token?: 'bot' | 'app' | 'none';
  /** The scopes of which the token needs one. */
  readonly scopes?: readonly string[];
  readonly answer: (call: Call) => object;
}
