import type { Logger } from '@slack/bolt';
import type { Bot, Log } from '../ports.ts';
import type { Secret } from '../domain/secret.ts';
import type { Policy } from '../domain/policy.ts';
import type { Store } from '../store-port.ts';

/** The environment’s variables that say how Slack is reached. */
export interface SlackVariables {
  readonly SLACK_BOT_TOKEN: Secret;
  readonly SLACK_API_URL: string;
  /** Socket Mode, where it is given; HTTP otherwise. */
  readonly SLACK_APP_TOKEN?: Secret | undefined;
  readonly SLACK_SIGNING_SECRET?: Secret | undefined;
}

export interface SlackAppOptions {
  readonly bot: Bot;
  readonly store: Store;
  readonly policy: Policy;
  readonly environment: SlackVariables;
  /** The bot itself, as Slack knows it: without it, Bolt asks and breaks where Slack does not answer. */
  readonly self: { readonly botId: string; readonly botUserId: string };
  readonly logger: Logger;
  readonly log: Log;
}
