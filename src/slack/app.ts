import { App } from '@slack/bolt';
import { listenForClicks } from './clicks.ts';
import { listenForCommands } from './commands.ts';
import { SlackDoor } from './door.ts';
import { listenForHome } from './home-tab.ts';
import type { SlackAppOptions } from './options.ts';
import { SteadySocket } from './socket.ts';

export interface SlackApp {
  readonly app: App;
  /** What keeps people’s clicks and commands from arriving, where something does. */
  readonly trouble: () => string | undefined;
}

/**
 * The Bolt app: Socket Mode where there is an app token, HTTP otherwise, the same handlers for both. Verifying who
 * speaks (tokens, signatures) is Bolt’s; that a delivery counts once is ours, in the store.
 */
export function createSlackApp(options: SlackAppOptions): SlackApp {
  const { environment, self, logger } = options;
  const receiver = createReceiver(options);
  const app = new App({
    token: environment.SLACK_BOT_TOKEN.reveal(),
    ...self,
    receiver,
    clientOptions: {
      slackApiUrl: environment.SLACK_API_URL,
      retryConfig: { retries: 0 },
      // Left to the SDK, one answer that is asked to wait holds back every other, for as long as Slack likes.
      rejectRateLimitedCalls: true,
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
  return {
    app,
    trouble: () => (receiver instanceof SteadySocket ? receiver.trouble : undefined),
  };
}

function createReceiver({ environment, logger, log }: SlackAppOptions): SteadySocket | SlackDoor {
  const { SLACK_APP_TOKEN: appToken, SLACK_SIGNING_SECRET: signingSecret } = environment;
  return appToken
    ? new SteadySocket({ appToken, apiUrl: environment.SLACK_API_URL, logger, log })
    : new SlackDoor({ signingSecret: signingSecret?.reveal() ?? '', logger, log });
}
