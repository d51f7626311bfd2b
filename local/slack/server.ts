import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Deliveries } from './deliveries.ts';
import { Faults } from './faults.ts';
import { httpDelivery } from './http-delivery.ts';
import { localTokens } from './real-tokens.ts';
import { routes } from './routes.ts';
import type { Seed } from './seed.ts';
import { Slack } from './slack.ts';
import { SocketMode } from './socket-mode.ts';
import { Transcript } from './transcript.ts';
import { Triggers } from './triggers.ts';
import { Workspace } from './workspace.ts';

export interface SlackOptions {
  /** A free one by default. */
  readonly port?: number;
  /** The app's request URL: deliver by signed HTTP. Socket Mode by default; {@link Slack.deliverTo} changes it later. */
  readonly deliverTo?: string;
  /** Milliseconds since 1970; the machine's clock by default. */
  readonly now?: () => number;
  /** Milliseconds within which the app must acknowledge: 3,000. */
  readonly ackWithin?: number;
  /** Milliseconds before each further attempt at an event: at once, a minute, five minutes. */
  readonly retries?: readonly number[];
  /** From 0 to 1; for the delays of deliveries. */
  readonly random?: () => number;
}

/**
 * Starts a small Slack on 127.0.0.1: the Web API, Socket Mode or signed HTTP deliveries, and a page for people at its
 * root. Everything is in memory. The tokens are new each time.
 */
export async function startSlack(seed: Seed, options: SlackOptions = {}): Promise<Slack> {
  const { port = 0, ackWithin = 3_000, now = Date.now } = options;
  const workspace = new Workspace(seed, now);
  const triggers = new Triggers(() => workspace.now());
  const faults = new Faults();
  const transcript = new Transcript();
  const onChange = () => workspace.changed();
  const sockets = new SocketMode({ app: seed.bot.app, ackWithin, onChange });
  const signingSecret = randomBytes(16).toString('hex');
  const viaHttp = (url: string) =>
    httpDelivery({ url, signingSecret, ackWithin, now: () => workspace.now() });
  const route = { http: options.deliverTo ? viaHttp(options.deliverTo) : undefined };
  const deliveries = new Deliveries({
    transport: () => route.http ?? sockets.deliver,
    retries: options.retries ?? [0, 60_000, 300_000],
    random: options.random ?? Math.random,
    record: (crossing) =>
      transcript.add({
        ...crossing,
        at: workspace.now(),
        from: 'slack',
        via: route.http ? 'http' : 'socket',
      }),
  });
  const tokens = { bot: newToken(localTokens.bot), app: newToken(localTokens.app) };
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const slack = new Slack({
    stage: { workspace, triggers, origin },
    deliveries,
    faults,
    transcript,
    sockets,
    tokens,
    signingSecret,
    deliverTo: (url) => (route.http = url ? viaHttp(url) : undefined),
    stop: async () => {
      deliveries.close();
      await sockets.close();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
  server.on('request', routes(slack));
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  return slack;
}

const newToken = (prefix: string): string => prefix + randomBytes(12).toString('hex');
