import type { App } from '@slack/bolt';
import { randomInt } from 'node:crypto';
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import packageJson from '../package.json' with { type: 'json' };
import { createBot } from './flow/bot.ts';
import type { Holding, Witness, Log } from './ports.ts';
import { createHolding, keepLooking, noteBot } from './flow/holding.ts';
import { connectWorld } from './composition.ts';
import { formatProblem, type Environment } from './config.ts';
import { fail, PromotionError } from './domain/errors.ts';
import { Secret } from './domain/secret.ts';
import { passwordsIn } from './store/database-url.ts';
import { keepTicking } from './service/clock.ts';
import { healthRoutes, serveRoutes, type HealthRoute } from './service/health.ts';
import { readDotEnv } from './service/dot-env.ts';
import { loadConfig, type Config } from './service/load-config.ts';
import { createLogging, type Logging } from './service/log.ts';
import { createMetrics } from './service/metrics.ts';
import { createPostWatch } from './slack/post-watch.ts';
import { createReadiness, watchReadiness } from './service/readiness.ts';
import { guarded } from './service/redaction.ts';
import { withoutSecrets } from './service/secret-files.ts';
import { stopOnSignals } from './service/shutdown.ts';
import { createSlackApp } from './slack/app.ts';
import { introduce } from './slack/admission.ts';
import { createClient } from './slack/client.ts';
import { deliverPosts } from './slack/delivery.ts';
import { createPeople } from './slack/people.ts';
import { createWitness } from './slack/witness.ts';
import { admitted } from './slack/trouble.ts';
import type { Store } from './store-port.ts';
import { openStore } from './store/store.ts';

const version = {
  version: packageJson.version,
  source: 'https://github.com/mozilla-releng/promote-image',
};

const onSignal = stopOnSignals();
readDotEnv();
const config = await loadConfig(process.env);
if (config.ok) {
  await start(config.value).catch((error: unknown) => {
    if (!(error instanceof PromotionError)) throw error;
    process.stderr.write(`promote-image: ${error.message}\n`);
    process.exit(1);
  });
} else {
  process.stderr.write('The configuration cannot be used:\n');
  for (const problem of config.problems) process.stderr.write(`  ${formatProblem(problem)}\n`);
  process.exitCode = 1;
}

/** Database, outside world, bot, Slack: in this order up, in the reverse order down. */
async function start({ policy, environment }: Config): Promise<void> {
  const now = () => new Date();
  const logging = loggingFor(environment);
  const { log, slackLogger: logger } = logging;
  const env = takeEnvironment();
  const { AUDIT_KEY: key } = environment;
  const store = await openStore(environment.DATABASE_URL.reveal(), { now, key });
  const world = connectWorld({ policy, environment, env, now });
  const apiUrl = environment.SLACK_API_URL;
  const client = createClient(environment.SLACK_BOT_TOKEN, { apiUrl, logger });
  const people = createPeople(client, policy.slack.team);
  const [working, delivering] = [new AbortController(), new AbortController()];
  const { signal } = working;
  const ports = { ...world, ...guarded(world, logging.secrets), people, store };
  const watch = createPostWatch(now);
  const connection = () => slackApp.trouble();
  const self = await admitted(introduce(client, { policy, log }));
  const { channel } = policy.slack;
  const holding = holdingOn(createWitness({ client, channel, self }), { store, self, log });
  const bot = createBot({ policy, ports, now, newId, holding, log, signal });
  const looking = { store, client, apiUrl, connection, posts: watch, holding, now, log };
  const ready = createReadiness(looking);
  const routes = healthRoutes({ ready, version, metrics: createMetrics(store, watch) });
  const slackApp = createSlackApp({ bot, store, policy, environment, self, logger, log });
  const { app } = slackApp;
  const servers = await admitted(listen(app, { environment, routes }));
  const onChange = (listener: () => void) => store.onChange(listener);
  const stopLooking = keepLooking(holding, onChange);
  const stopTicking = keepTicking(() => bot.onTick(), { onChange, log });
  const sending = { store, client, channel, now, log, watch, holding, signal: delivering.signal };
  const delivery = deliverPosts(sending);
  log('info', 'ready', { ...policy.slack, engine: policy.registry.engine });
  const stopWatching = watchReadiness(ready, log);
  const stop = async (): Promise<void> => {
    // At once: nothing more is put on the registry, however long Slack’s side of a connection takes.
    working.abort();
    stopWatching();
    stopLooking();
    const [closed, parked] = [app.stop(), stopTicking()];
    for (const server of servers) server.close();
    await Promise.race([closed, sleep(3000, undefined, { ref: false })]);
    await parked;
    delivering.abort();
    await delivery;
    for (const server of servers) server.closeAllConnections();
    await store.close();
  };
  onSignal({ stop, log });
}

/** A log that knows the secrets, so that no line can hold them. */
function loggingFor(environment: Config['environment']): Logging {
  const logging = createLogging(environment.LOG_LEVEL);
  for (const value of Object.values(environment)) {
    if (value instanceof Secret) logging.secrets.add(value);
  }
  for (const password of passwordsIn(environment.DATABASE_URL)) logging.secrets.add(password);
  return logging;
}

/** The log is compared with what this bot posted; the log knows of it who speaks for it. */
function holdingOn(
  witness: Witness,
  given: { readonly store: Store; readonly self: Parameters<typeof noteBot>[1]; readonly log: Log },
): Holding {
  const { store, self, log } = given;
  return createHolding({ store, witness, onAgreed: () => noteBot(store, self), log });
}

/** Connects to Slack, and serves health and metrics on a port that is not for Slack’s requests, where one is given. */
async function listen(
  app: App,
  given: { readonly environment: Environment; readonly routes: readonly HealthRoute[] },
): Promise<readonly Server[]> {
  const { SLACK_APP_TOKEN: socket, PORT: port = 0, OPS_PORT: ops, HOST: host } = given.environment;
  // Where Slack does not come through PORT there is room for health; whoever names a port for it finds it there too.
  const ports = new Set(socket ? [given.environment.PORT, ops] : [ops]);
  const health: Server[] = [];
  for (const one of ports) {
    if (one === undefined) continue;
    const variables = one === ops ? 'OPS_PORT or HOST' : 'PORT or HOST';
    health.push(await usable(serveRoutes(given.routes, { port: one, host }), variables));
  }
  const slack = await usable(app.start({ port, host }), 'PORT or HOST');
  return socket ? health : [...health, slack as Server];
}

/** What a port is needed for; throws `port-unusable` where there is none to be had. */
async function usable<T>(started: Promise<T>, variables: string): Promise<T> {
  try {
    return await started;
  } catch (error) {
    const {
      syscall,
      address,
      port,
      message: problem,
    } = error as NodeJS.ErrnoException & ListenError;
    if (syscall !== 'listen') throw error;
    return fail('port-unusable', { address: `${address}:${port}`, problem, variables }, error);
  }
}

interface ListenError {
  readonly address?: string;
  readonly port?: number;
}

/** The environment for git and sops, without our own secrets; they are taken out of the process’s as well. */
function takeEnvironment(): Readonly<Record<string, string | undefined>> {
  const rest = withoutSecrets(process.env);
  for (const name of Object.keys(process.env)) if (!(name in rest)) delete process.env[name];
  return rest;
}

/** Ten letters and digits that are not mistaken for each other: 50 bits. */
function newId(): string {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  return Array.from({ length: 10 }, () => alphabet[randomInt(alphabet.length)]).join('');
}
