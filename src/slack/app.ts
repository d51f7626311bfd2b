import { App, type CustomRoute, type Logger } from '@slack/bolt';
import type { Bot, Log } from '../bot.ts';
import type { Environment } from '../config.ts';
import type { Policy } from '../policy.ts';
import type { Store } from '../store-port.ts';
import { listenForClicks } from './clicks.ts';
import { listenForCommands } from './commands.ts';
import { listenForHome } from './home-tab.ts';

export interface SlackAppOptions {
  readonly bot: Bot;
  readonly store: Store;
  readonly policy: Policy;
  readonly environment: Environment;
  /** Health and metrics, served beside Slack’s own requests where Slack speaks HTTP. */
  readonly routes: readonly CustomRoute[];
  readonly logger: Logger;
  readonly log: Log;
}

/**
 * The Bolt app: Socket Mode where there is an app token, HTTP otherwise, the same handlers for both. Verifying who
 * speaks (tokens, signatures) is Bolt’s; that a delivery counts once is ours, in the store.
 */
export function createSlackApp(options: SlackAppOptions): App {
  const { environment, logger } = options;
  const app = new App({
    token: environment.SLACK_BOT_TOKEN.reveal(),
    ...transport(options),
    clientOptions: {
      slackApiUrl: environment.SLACK_API_URL,
      retryConfig: { retries: 0 },
      timeout: 10_000,
    },
    convoStore: false,
    logger,
  });
  listenForCommands(app, options);
  listenForClicks(app, options);
  listenForHome(app, options);
  app.error((error) => {
    options.log('error', 'a Slack delivery was not handled', { error });
    return Promise.resolve();
  });
  return app;
}

function transport({ environment, routes }: SlackAppOptions) {
  const { SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = environment;
  if (appToken) return { socketMode: true, appToken: appToken.reveal() };
  return { signingSecret: signingSecret?.reveal() ?? '', customRoutes: [...routes] };
}
