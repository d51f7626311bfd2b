import { SocketModeReceiver, type Logger } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../ports.ts';
import type { Secret } from '../domain/secret.ts';
import { insist } from './insist.ts';
import { lasts } from './trouble.ts';

export interface SocketOptions {
  readonly appToken: Secret;
  readonly apiUrl: string;
  readonly logger: Logger;
  readonly log: Log;
  /** How long Slack may take to say hello, its address included, in milliseconds: longer than a call may take. */
  readonly patience?: number;
}

/** A connection that ended before this many milliseconds is not replaced at once. */
const brief = 5_000;

/**
 * Bolt's Socket Mode, connected anew by us: the SDK waits five seconds before it replaces a connection that Slack
 * merely renews, and a call of Slack's that fails meanwhile ends the whole process, with the push that is under way.
 * @see https://docs.slack.dev/apis/events-api/using-socket-mode
 */
export class SteadySocket extends SocketModeReceiver {
  readonly #log: Log;
  readonly #patience: number;
  readonly #stopping = new AbortController();
  #since: number | undefined;
  #problem = 'not connected yet';

  constructor({ appToken, apiUrl, logger, log, patience = 20_000 }: SocketOptions) {
    const clientOptions = {
      slackApiUrl: apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: 10_000,
    };
    super({
      appToken: appToken.reveal(),
      logger,
      autoReconnectEnabled: false,
      installerOptions: { clientOptions },
    });
    this.#log = log;
    this.#patience = patience;
    this.client.on('connected', () => {
      this.#since = performance.now();
      this.#problem = 'it broke';
    });
    this.client.on('disconnected', () => this.#lost());
    this.client.on('ws_message', (data: unknown) => {
      this.#problem = farewellOf(data) ?? this.#problem;
    });
  }

  /** What keeps people's clicks and commands from arriving, where something does. */
  get trouble(): string | undefined {
    return this.#since === undefined
      ? `the connection to Slack is down: ${this.#problem}`
      : undefined;
  }

  /** Connects, however long that takes. Throws what Slack will not change its mind about, as `invalid_auth`. */
  override start(): ReturnType<SocketModeReceiver['start']> {
    return this.#connect(lasts);
  }

  override async stop(): Promise<void> {
    this.#stopping.abort();
    await super.stop();
  }

  #connect(isHopeless: (error: unknown) => boolean) {
    return insist(() => this.#attempt(), {
      what: 'Slack cannot be connected to',
      isHopeless,
      log: this.#log,
      signal: this.#stopping.signal,
      onProblem: (problem) => {
        if (problem !== 'no answer') this.#problem = problem;
      },
    });
  }

  async #attempt() {
    const late = new AbortController();
    try {
      const connected = this.client.start();
      const silence = sleep(this.#patience, undefined, { signal: late.signal, ref: false });
      const answer = await Promise.race([connected, silence]);
      if (answer) return answer;
      await Promise.race([this.client.disconnect(), sleep(1000)]);
      throw new Error('Slack did not say hello');
    } finally {
      late.abort();
    }
  }

  #lost(): void {
    if (this.#since === undefined) return;
    const lasted = performance.now() - this.#since;
    this.#since = undefined;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const renew = async () => {
      if (lasted < brief) await sleep(brief - lasted, undefined, { signal });
      // Whatever Slack says now, it let the bot in before: what is under way goes on, and health tells.
      await this.#connect(() => false);
      this.#log('info', 'connected to Slack again');
    };
    renew().catch((error: unknown) => {
      if (!signal.aborted) this.#log('error', 'Slack is not connected to any more', { error });
    });
  }
}

/** Why Slack ends the connection, where this message says so. */
function farewellOf(data: unknown): string | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    const { type, reason } = JSON.parse(data) as { type?: unknown; reason?: unknown };
    return type === 'disconnect' && /^[a-z_]{1,60}$/.test(String(reason))
      ? String(reason)
      : undefined;
  } catch {
    return undefined;
  }
}
