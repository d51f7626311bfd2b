import type { WebClient } from '@slack/web-api';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Holding, Log } from '../ports.ts';
import { PromotionError } from '../domain/errors.ts';
import type { Store } from '../store-port.ts';
import { clockSkew } from '../slack/skew.ts';
import { slackProblem } from '../slack/trouble.ts';
import type { PostWatch } from '../slack/post-watch.ts';

export interface Watched {
  readonly store: Pick<Store, 'probe'>;
  readonly client: WebClient;
  readonly apiUrl: string;
  /** What keeps Slack’s deliveries from arriving, where something does. */
  readonly connection: () => string | undefined;
  readonly posts: Pick<PostWatch, 'trouble'>;
  readonly holding: Pick<Holding, 'trouble'>;
  readonly now: () => Date;
  readonly log: Log;
}

/** Whoever asks wants to know within five seconds. */
const patience = 4000;

/** Slack refuses what is signed five minutes off; whoever is that far off is wrong about expiries, too. Milliseconds. */
const tolerated = 2 * 60_000;

/** What keeps the bot from its work, in words that hold no secret. A change of it is one line in the log. */
export function createReadiness(watched: Watched): () => Promise<readonly string[]> {
  let before = '';
  return async () => {
    const found = await Promise.all([
      inTime(databaseTrouble(watched), 'the database does not answer'),
      inTime(slackTrouble(watched), 'Slack does not answer'),
      inTime(clockTrouble(watched), undefined),
    ]);
    const problems = [
      ...found,
      watched.connection(),
      watched.posts.trouble(),
      watched.holding.trouble(),
    ].filter((problem) => problem !== undefined);
    const now = problems.join('; ');
    if (now !== before) {
      if (now) watched.log('error', 'not ready', { problems });
      else watched.log('info', 'ready again');
    }
    before = now;
    return problems;
  };
}

/** How often it is looked where nobody asks, in milliseconds. */
const every = 60_000;

/** Looks now and every minute: what is wrong is in the log, also where no health page is asked. Returns the end of it. */
export function watchReadiness(ready: () => Promise<unknown>, log: Log): () => void {
  const look = (): void => {
    ready().catch((error: unknown) => log('error', 'the look at health failed', { error }));
  };
  look();
  const timer = setInterval(look, every).unref();
  return () => clearInterval(timer);
}

async function inTime<T>(work: Promise<T>, late: T): Promise<T> {
  return await Promise.race([work, sleep(patience, late, { ref: false })]);
}

async function databaseTrouble({ store }: Watched): Promise<string | undefined> {
  try {
    await store.probe();
    return undefined;
  } catch (error) {
    if (error instanceof PromotionError && error.reason === 'log-unsigned') return error.message;
    const problem = error instanceof PromotionError ? error.facts['problem'] : undefined;
    return `the database takes no change${problem ? `: ${problem}` : ''}`;
  }
}

async function slackTrouble({ client }: Watched): Promise<string | undefined> {
  return await client.auth.test().then(
    () => undefined,
    (error: unknown) => `Slack does not answer: ${slackProblem(error)}`,
  );
}

async function clockTrouble({ apiUrl, now }: Watched): Promise<string | undefined> {
  const ahead = (await clockSkew(apiUrl, now)) ?? 0;
  if (Math.abs(ahead) < tolerated) return undefined;
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  return `this clock is ${minutes} minutes ${ahead > 0 ? 'ahead of' : 'behind'} Slack’s`;
}
