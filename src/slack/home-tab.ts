import type { App } from '@slack/bolt';
import type { KnownBlock } from '@slack/types';
import { refused } from '../words/messages.ts';
import { home } from '../words/overview.ts';
import { open, over } from '../domain/states.ts';
import type { SlackAppOptions } from './options.ts';

/** App Home: what is under way, what was done. Published anew whenever somebody looks. */
export function listenForHome(app: App, options: SlackAppOptions): void {
  const { log } = options;
  app.event('app_home_opened', async ({ event, body, client }) => {
    if (event.tab !== 'home') return;
    const refusal = await options.bot.mayLook({ user: event.user, team: body.team_id });
    const shown = refusal ? refused(refusal).blocks : await homeOf(options);
    const blocks = shown as object[] as KnownBlock[];
    await client.views
      .publish({ user_id: event.user, view: { type: 'home', blocks } })
      .catch((error: unknown) => {
        log('warn', 'App Home was not published', { error });
      });
  });
}

async function homeOf({ store }: SlackAppOptions): Promise<readonly object[]> {
  const [underWay, recent] = await Promise.all([
    store.list({ states: open, limit: 10 }),
    store.list({ states: over, limit: 10 }),
  ]);
  return home(underWay, recent);
}
