import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import type { Slack } from '../slack/slack.ts';
import { createBot, type BotOptions } from '../../src/flow/bot.ts';
import type { Bot } from '../../src/ports.ts';
import { connectWorld } from '../../src/composition.ts';
import { readEnvironment, type Environment } from '../../src/config.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Store } from '../../src/store-port.ts';
import { Secret } from '../../src/domain/secret.ts';
import { keepTicking } from '../../src/service/clock.ts';
import { createLogging } from '../../src/service/log.ts';
import { createMetrics } from '../../src/service/metrics.ts';
import { createPostWatch } from '../../src/slack/post-watch.ts';
import { createReadiness } from '../../src/service/readiness.ts';
import { createSlackApp } from '../../src/slack/app.ts';
import { introduce } from '../../src/slack/admission.ts';
import { createClient } from '../../src/slack/client.ts';
import { deliverPosts } from '../../src/slack/delivery.ts';
import { createHolding, keepLooking, noteBot } from '../../src/flow/holding.ts';
import { createWitness } from '../../src/slack/witness.ts';
import { createPeople } from '../../src/slack/people.ts';
import { openStore } from '../../src/store/store.ts';
import { keyFor, keyVariable } from './key.ts';

export type Ports = Omit<BotOptions['ports'], 'store'>;

export interface BotSetup {
  readonly slack: Slack;
  readonly policy: Policy;
  readonly database: string;
  /** What sops and git get. */
  readonly env: Readonly<Record<string, string>>;
  readonly now: () => Date;
  readonly transport?: 'socket' | 'http' | undefined;
  /** Puts something else in the place of a port. */
  readonly ports?: ((real: Ports) => Partial<Ports>) | undefined;
  readonly patience?: number | undefined;
  /** Puts something else in the place of the store. */
  readonly store?: ((real: Store) => Store) | undefined;
  readonly log: (line: string) => void;
  /** Whether the bot may go on by itself now. */
  readonly mayTick: () => boolean;
}

export interface RunningBot {
  readonly bot: Pick<Bot, 'onTick'>;
  readonly store: Store;
  /** As main.ts stops it on SIGTERM. */
  stop(): Promise<void>;
  /** What its health page says is wrong, and its metrics; not where it is a process of its own. */
  readonly ready?: () => Promise<readonly string[]>;
  readonly metrics?: () => Promise<string>;
  /** Resolves when every delivery that came is dealt with, answers included; not where it is a process of its own. */
  readonly handled?: () => Promise<unknown>;
  /** Where it takes signed HTTP requests; empty where it does not. */
  readonly requestUrl: string;
  /** Only where it is a process of its own. */
  readonly child?: ChildProcess;
}

/** The bot as main.ts composes it, in this process: the real adapters, Bolt and a database on disk. */
export async function runBot(setup: BotSetup): Promise<RunningBot> {
  const { slack, policy, now } = setup;
  const environment = environmentOf(setup);
  const logging = createLogging('debug', setup.log);
  const { log, slackLogger: logger } = logging;
  for (const value of Object.values(environment)) {
    if (value instanceof Secret) logging.secrets.add(value);
  }
  const real = await openStore(setup.database, { now, ...keyFor(setup.database) });
  const store = setup.store?.(real) ?? real;
  const apiUrl = environment.SLACK_API_URL;
  const client = createClient(environment.SLACK_BOT_TOKEN, {
    apiUrl,
    logger,
    timeout: setup.patience,
  });
  const people = createPeople(client, policy.slack.team);
  const world = { ...connectWorld({ policy, environment, env: setup.env, now }), people };
  const stopping = new AbortController();
  const { signal } = stopping;
  const ports = { ...world, ...setup.ports?.(world), store };
  const self = await introduce(client, { policy, log });
  const { channel } = policy.slack;
  const witness = createWitness({ client, channel, self });
  const onAgreed = () => noteBot(store, self);
  const holding = createHolding({ store, witness, onAgreed, log });
  const bot = createBot({ policy, ports, now, newId, holding, log, signal });
  const given = { bot, store, policy, environment, self, logger, log };
  const { app, trouble: connection } = createSlackApp(given);
  const handling = new Set<Promise<void>>();
  const processEvent = app.processEvent.bind(app);
  app.processEvent = (event) => {
    const handled = processEvent(event);
    handling.add(handled);
    return handled.finally(() => handling.delete(handled));
  };
  let requestUrl = '';
  const server = await app.start({ port: 0, host: '127.0.0.1' });
  if (server && 'address' in server) {
    const { port } = server.address() as { port: number };
    requestUrl = `http://127.0.0.1:${port}/slack/events`;
    slack.deliverTo(requestUrl);
  } else {
    await slack.until(() => slack.connections > 0);
  }
  const onChange = (listener: () => void) => store.onChange(listener);
  const stopLooking = keepLooking(holding, onChange);
  const stopTicking = keepTicking(async () => (setup.mayTick() ? bot.onTick() : undefined), {
    onChange,
    log,
  });
  const watch = createPostWatch(now);
  const delivery = deliverPosts({ store, client, channel, now, log, watch, holding, signal });
  return {
    bot,
    // The bot’s own clock may have been put ahead; the machine’s is what Slack’s is compared with.
    ready: createReadiness({
      store,
      client,
      apiUrl,
      connection,
      posts: watch,
      holding,
      now: () => new Date(),
      log,
    }),
    metrics: createMetrics(store, watch),
    handled: () => Promise.allSettled(handling),
    store,
    requestUrl,
    async stop() {
      // As main.ts does: Bolt waits for Slack’s side of a connection, which may be gone.
      await Promise.race([app.stop(), sleep(1000)]);
      stopping.abort();
      stopLooking();
      await Promise.all([stopTicking(), delivery]);
      await store.close();
    },
  };
}

function environmentOf({ slack, database, transport }: BotSetup): Environment {
  const speaks =
    transport === 'http'
      ? { SLACK_SIGNING_SECRET: slack.signingSecret, PORT: '0' }
      : { SLACK_APP_TOKEN: slack.appToken };
  const read = readEnvironment({
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_API_URL: slack.apiUrl,
    DATABASE_URL: database,
    ...keyVariable(database),
    ...speaks,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

function newId(): string {
  return `p${randomBytes(5).toString('hex')}`;
}
