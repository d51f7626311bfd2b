import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { json, readBody, send, text, type Reply } from '../http.ts';
import type { Slack } from '../slack.ts';
import { act, perform } from './acts.ts';
import { pageState, wanted } from './state.ts';

const folder = join(import.meta.dirname, 'browser');

/** What the browser loads; nothing else is served. */
const assets: Readonly<Record<string, string>> = {
  '/': 'page.html',
  '/page/page.css': 'page.css',
  '/page/blocks.css': 'blocks.css',
  '/page/page.js': 'page.js',
  '/page/dialogs.js': 'dialogs.js',
  '/page/composer.js': 'composer.js',
  '/page/lists.js': 'lists.js',
  '/page/server.js': 'server.js',
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
};

/** Everything comes from this server, and what bots write can't bring code. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/** Answers the page's own requests. */
export async function pageRoutes(
  slack: Slack,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', slack.url);
  if (request.method === 'GET' && url.pathname === '/page/events') {
    stream(slack, response);
    return;
  }
  const reply =
    request.method === 'GET' ? await read(slack, url) : await change(slack, request, url);
  const headers = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': policy,
    ...reply.headers,
  };
  send(response, { ...reply, headers });
}

async function read(slack: Slack, url: URL): Promise<Reply> {
  const asset = assets[url.pathname];
  if (asset) {
    const type = types[asset.split('.').at(-1) ?? ''] ?? 'text/plain';
    return {
      status: 200,
      body: await readFile(join(folder, asset)),
      headers: { 'content-type': type },
    };
  }
  if (url.pathname === '/page/state') {
    const query = wanted.parse(Object.fromEntries(url.searchParams));
    return json(pageState(slack.parts.stage.workspace, query));
  }
  const file = slack.file(/^\/page\/files\/(\w+)\//.exec(url.pathname)?.[1] ?? '');
  if (!file?.bytes) return text('Not found', 404);
  const headers = { 'content-type': 'application/octet-stream' };
  return { status: 200, body: file.bytes, headers };
}

async function change(slack: Slack, request: IncomingMessage, url: URL): Promise<Reply> {
  const isOurs = request.headers.origin === slack.url.replace('127.0.0.1', hostOf(request));
  const isJson = request.headers['content-type'] === 'application/json';
  if (url.pathname !== '/page/act' || request.method !== 'POST') return text('Not found', 404);
  // Another site open in the same browser must not act here.
  if (!isOurs || !isJson) return text('Only this page may do that', 403);
  const given = act.safeParse(JSON.parse((await readBody(request)).toString()));
  if (!given.success) return text('That is nothing one can do here', 400);
  try {
    return json(await perform(slack, given.data));
  } catch (error) {
    return json({ error: (error as Error).message, ms: 0 });
  }
}

const hostOf = (request: IncomingMessage): string =>
  request.headers.host?.startsWith('localhost') ? 'localhost' : '127.0.0.1';

/** Tells the browser that something changed, at most so often. */
const leastPause = 40;

function stream(slack: Slack, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer = undefined;
    response.write('data: changed\n\n');
  };
  const stop = slack.parts.stage.workspace.onChange(() => {
    timer ??= setTimeout(tell, leastPause);
  });
  response.write('retry: 1000\n\n');
  response.on('close', () => {
    clearTimeout(timer);
    stop();
  });
}
