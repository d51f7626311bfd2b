import type { IncomingMessage, ServerResponse } from 'node:http';
import { artifactCalls } from './artifacts.ts';
import { everywhere, refusal, told, type Answer, type Asked, type Call } from './call.ts';
import { indexCalls } from './indexed.ts';
import { queueCalls } from './queue.ts';
import { answerWith } from './storage.ts';
import { takeFault, type World } from './world.ts';

/** The queue and the index, as far as a reader without credentials sees them. */
export interface Api {
  readonly world: World;
  /** Origin of the storage. */
  readonly storage: string;
}

const services = {
  queue: [...everywhere, ...queueCalls, ...artifactCalls],
  index: [...everywhere, ...indexCalls],
} as const;

/** Answers one request of `/api/queue/v1/…`, `/api/index/v1/…`, or of the page of a task. */
export function serveApi(api: Api, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search, searchParams: query } = new URL(request.url ?? '/', 'http://api');
  const [, shown] = /^\/tasks\/([^/]+)/.exec(pathname) ?? [];
  if (shown) {
    response.writeHead(302, { location: `/api/queue/v1/task/${shown}` }).end();
    return;
  }
  const [, service, path = ''] = /^\/api\/(queue|index)\/v1(\/.*)$/.exec(pathname) ?? [];
  if (service !== 'queue' && service !== 'index') {
    response.writeHead(404).end();
    return;
  }
  // The services take it off before they look at what is asked: it only says who asks.
  query.delete('bewit');
  const said = decoded(path) ?? path;
  api.world.requests.push({ at: service, path: said, search, headers: request.headers });
  const fault = takeFault(api.world, service, said);
  if (fault && answerWith(fault, request, response)) return;
  const { status, headers, body } = written(answerTo(services[service], { path, query }, api));
  response.writeHead(status, headers);
  if (fault?.fault !== 'cut') return void response.end(body);
  response.flushHeaders();
  response.write(body.slice(0, fault.after), () => response.socket?.destroySoon());
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

type Written = Exclude<Answer, { readonly problem: string }>;

function answerTo(
  calls: readonly Call[],
  { path, query }: { readonly path: string; readonly query: URLSearchParams },
  api: Api,
): Written {
  for (const call of calls) {
    const groups = call.path.exec(path)?.groups;
    if (!call.path.test(path)) continue;
    const params = Object.fromEntries(
      Object.entries(groups ?? {}).map(([name, value]) => [name, decoded(value) ?? value]),
    );
    const asked: Asked = { ...api, params, query };
    const answer = refusal(call, asked) ?? call.answer(asked);
    return 'problem' in answer ? told(answer, call, params) : answer;
  }
  return { status: 404, json: { error: 'Not found' } };
}

function written(answer: Written): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const common = { 'cache-control': 'no-store no-cache must-revalidate' };
  if ('seeOther' in answer) {
    const { seeOther: location } = answer;
    return {
      status: 303,
      headers: { ...common, 'content-type': 'text/plain; charset=utf-8', location },
      body: `See Other. Redirecting to ${location}`,
    };
  }
  return {
    status: answer.status,
    headers: { ...common, 'content-type': 'application/json; charset=utf-8', ...answer.headers },
    body: JSON.stringify(answer.json, undefined, 2),
  };
}
