import type { App } from '@slack/bolt';
import { people, home } from '../local/seed.ts';
import { isAnnounced } from '../src/flow/moves.ts';
import { createMetrics } from '../src/service/metrics.ts';
import { createPostWatch } from '../src/slack/post-watch.ts';
import type { SlackAppOptions } from '../src/slack/options.ts';
import { listenForHome } from '../src/slack/home-tab.ts';
import { createWaitingList } from '../src/flow/waiting.ts';
import type { Soak } from '../local/rig/soak-bot.ts';

/** What people, operators and the clock ask of the history, each as it is asked. Milliseconds, the median of five. */
export async function measureLookups(soak: Soak): Promise<Readonly<Record<string, number>>> {
  const { bot, store, options } = soak;
  const [newest] = await store.list({ states: ['reported'], limit: 1 });
  if (!newest) throw new Error('there is no history');
  const { id } = newest;
  let typed = 0;
  const type = (text: string) =>
    bot.onCommand({
      user: people.alice,
      ...home,
      text,
      envelope: `look ${Date.now()} ${(typed += 1)}`,
    });
  const metrics = createMetrics(
    store,
    createPostWatch(() => new Date()),
  );
  const openHome = homeOf(soak);
  const waiting = createWaitingList(store, options.log);
  const lookups: Readonly<Record<string, () => Promise<unknown>>> = {
    status: () => type('status'),
    'status <id>': () => type(`status ${id}`),
    history: () => type('history'),
    'history <image>': () => type('history decision'),
    'a wrong line': () => type('nonsense'),
    'App Home': openHome,
    '/metrics': metrics,
    'a tick, nothing due': () => bot.onTick(),
    'who waits for a target': () => waiting.tell(newest),
    'is there a card': () => isAnnounced({ id }, options),
    'posts, none due': () => store.outbox.due(new Date()),
    'when is the next post due': () => store.outbox.next(),
  };
  const took: Record<string, number> = {};
  for (const [name, look] of Object.entries(lookups)) took[name] = await median(look);
  return took;
}

/** The handler that Bolt would call. */
function homeOf({ store, options }: Soak): () => Promise<unknown> {
  let handler: ((given: object) => Promise<void>) | undefined;
  const app = { event: (_: string, given: typeof handler) => (handler = given) };
  listenForHome(app as unknown as App, { store, log: options.log } as SlackAppOptions);
  const client = { views: { publish: async () => ({ ok: true }) } };
  const event = { tab: 'home', user: people.alice };
  return async () => handler?.({ event, client });
}

async function median(look: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    const begun = performance.now();
    await look();
    times.push(performance.now() - begun);
  }
  // The first one warms up.
  return times.slice(1).toSorted((a, b) => a - b)[2] ?? 0;
}
