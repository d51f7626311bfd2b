import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { recent } from './recent.ts';

export interface Health {
  /** What must work for the bot to be of use: resolves to what is wrong, or to nothing. */
  readonly ready: () => Promise<readonly string[]>;
  readonly version: { readonly version: string; readonly source: string };
  readonly metrics: () => Promise<string>;
}

export interface HealthRoute {
  readonly path: string;
  readonly answer: (response: ServerResponse) => void | Promise<void>;
}

/** How long an answer that cost something is good for, in milliseconds: nobody without a login makes more of them. */
const fresh = { ms: 2_000, now: () => performance.now() };

/**
 * Liveness, readiness, Dockerflow’s three endpoints and metrics. Nothing secret, nothing that needs a login; so whoever
 * asks, Slack and the database are asked once in two seconds.
 * @see https://github.com/mozilla-services/Dockerflow
 */
export function healthRoutes(health: Health): readonly HealthRoute[] {
  const { version } = health;
  const ready = recent(health.ready, fresh);
  const metrics = recent(health.metrics, fresh);
  const readiness = async (response: ServerResponse): Promise<void> => {
    const problems = await ready().catch(() => ['the check itself failed']);
    send(response, problems.length > 0 ? 503 : 200, {
      status: problems.length > 0 ? 'error' : 'ok',
      problems,
    });
  };
  return [
    { path: '/livez', answer: (response) => send(response, 200, { status: 'ok' }) },
    { path: '/__lbheartbeat__', answer: (response) => send(response, 200, { status: 'ok' }) },
    { path: '/readyz', answer: readiness },
    { path: '/__heartbeat__', answer: readiness },
    { path: '/__version__', answer: (response) => send(response, 200, version) },
    {
      path: '/metrics',
      answer: async (response) => {
        const text = await metrics();
        response
          .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
          .end(text);
      },
    },
  ];
}

/** Serves the routes on a port of their own. Who sends a request by halves does not keep its connection for long. */
export async function serveRoutes(
  routes: readonly HealthRoute[],
  listen: { readonly port: number; readonly host: string },
): Promise<Server> {
  const patience = { headersTimeout: 5_000, requestTimeout: 5_000 };
  const server = createServer(
    { ...patience, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      const path = (request.url ?? '/').split('?')[0];
      const found = request.method === 'GET' && routes.find((one) => one.path === path);
      if (!found) return send(response, 404, { status: 'not found' });
      Promise.resolve(found.answer(response)).catch(() => response.destroy());
    },
  );
  server.maxConnections = 512;
  server.listen(listen);
  await once(server, 'listening');
  return server;
}

function send(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body)}\n`);
}
