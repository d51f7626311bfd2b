import type { CustomRoute } from '@slack/bolt';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface Health {
  /** What must work for the bot to be of use: resolves to what is wrong, or to nothing. */
  readonly ready: () => Promise<readonly string[]>;
  readonly version: { readonly version: string; readonly source: string };
  readonly metrics: () => Promise<string>;
}

/**
 * Liveness, readiness, Dockerflow’s three endpoints and metrics. Nothing secret, nothing that needs a login.
 * @see https://github.com/mozilla-services/Dockerflow
 */
export function healthRoutes({ ready, version, metrics }: Health): readonly CustomRoute[] {
  const readiness = async (response: ServerResponse): Promise<void> => {
    const problems = await ready().catch(() => ['the check itself failed']);
    send(response, problems.length > 0 ? 503 : 200, {
      status: problems.length > 0 ? 'error' : 'ok',
      problems,
    });
  };
  return [
    route('/livez', (response) => send(response, 200, { status: 'ok' })),
    route('/__lbheartbeat__', (response) => send(response, 200, { status: 'ok' })),
    route('/readyz', readiness),
    route('/__heartbeat__', readiness),
    route('/__version__', (response) => send(response, 200, version)),
    route('/metrics', async (response) => {
      const text = await metrics();
      response
        .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
        .end(text);
    }),
  ];
}

/** Serves the routes by themselves, where Slack comes through Socket Mode and nothing else listens. */
export async function serveRoutes(
  routes: readonly CustomRoute[],
  listen: { readonly port: number; readonly host: string },
): Promise<Server> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0];
    const found = routes.find((one) => one.path === path && one.method === request.method);
    if (!found) return send(response, 404, { status: 'not found' });
    return found.handler(request as Parameters<CustomRoute['handler']>[0], response);
  });
  limited(server).listen(listen);
  await once(server, 'listening');
  return server;
}

/** Who sends a request by halves does not keep its connection for long. */
export function limited(server: Server): Server {
  server.requestTimeout = 10_000;
  server.headersTimeout = 10_000;
  return server;
}

function route(
  path: string,
  answer: (response: ServerResponse) => void | Promise<void>,
): CustomRoute {
  return {
    path,
    method: 'GET',
    handler: (_request, response) => {
      Promise.resolve(answer(response)).catch(() => response.destroy());
    },
  };
}

function send(response: ServerResponse, status: number, body: object): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body)}\n`);
}
