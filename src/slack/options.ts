import type { Logger } from '@slack/bolt';
import type { Bot, Log } from '../ports.ts';
import type { Environment } from '../config.ts';
import type { Policy } from '../policy.ts';
import type { Store } from '../store-port.ts';

export interface SlackAppOptions {
  readonly bot: Bot;
  readonly store: Store;
  readonly policy: Policy;
  readonly environment: Environment;
  /** The bot itself, as Slack knows it: without it, Bolt asks and breaks where Slack does not answer. */
  readonly self: { readonly botId: string; readonly botUserId: string };
  readonly logger: Logger;
  readonly log: Log;
}
