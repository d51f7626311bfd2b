import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { callMethod } from './api.ts';
import { json, readBody, send, text, type Reply } from './http.ts';
import { respond } from './responses.ts';
import { pageRoutes } from './page/routes.ts';
import type { Slack } from './slack.ts';
import type { Crossing } from './transcript.ts';

/** Answers everything that comes over HTTP. */
export function routes(slack: Slack): RequestListener {
  return (request, response) => {
    const date = new Date(slack.parts.stage.workspace.now()).toUTCString();
    response.setHeader('date', date);
    answer(slack, request, response).catch((error: unknown) => {
      if (!response.headersSent) send(response, text(String(error), 500));
    });
  };
}

async function answer(slack: Slack, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', slack.url);
  const [, first = '', ...rest] = url.pathname.split('/');
  // A page elsewhere must not reach this server by a name of its own.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? ''))
    return send(response, text('Loopback only', 421));
  const exchange = { slack, request, response, url };
  switch (first) {
    case 'api':
      return await api(exchange, rest.join('/'));
    case 'upload':
      return await upload(exchange, rest);
    case 'response':
      return await responseUrl(exchange, rest[0] ?? '');
    case 'files-pri':
      return download(exchange, rest[0] ?? '');
    default:
      return await pageRoutes(slack, request, response);
  }
}

interface Exchange {
  readonly slack: Slack;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

async function api({ slack, request, response, url }: Exchange, method: string): Promise<void> {
  const { stage, tokens, sockets } = slack.parts;
  const body = (await readBody(request)).toString();
  const how = slack.parts.faults.take(method);
  const openSocket = () => slack.url.replace('http', 'ws') + sockets.newTicket();
  const call = {
    method,
    query: url.searchParams,
    body,
    contentType: request.headers['content-type'],
    authorization: request.headers.authorization,
  };
  const isApplied = how === undefined || how === 'drop-reply';
  const {
    asked,
    answer: reply,
    scopes,
  } = isApplied
    ? callMethod(call, tokens, { ...stage, openSocket })
    : { asked: { body }, answer: { spoiled: how }, scopes: undefined };
  const headers = scopes ? { 'x-oauth-scopes': scopes.join(',') } : {};
  const status = send(
    response,
    { ...json(reply), headers: { ...json(reply).headers, ...headers } },
    how,
  );
  record(slack, { via: 'api', name: method, request: asked, response: reply, status });
}

function record(slack: Slack, crossing: Omit<Crossing, 'at' | 'from'>): void {
  const at = slack.parts.stage.workspace.now();
  slack.parts.transcript.add({ ...crossing, at, from: 'app' });
}

async function upload({ slack, request, response }: Exchange, path: string[]): Promise<void> {
  const { workspace } = slack.parts.stage;
  const [, id = '', key = ''] = path;
  const raw = await readBody(request, 64 * 1024 * 1024);
  const bytes = await fileIn(raw, request.headers['content-type']);
  const how = slack.parts.faults.take('upload');
  const file = workspace.files.get(id);
  const isGood = file !== undefined && file.uploadKey === key && file.size === bytes.length;
  const isApplied = how === undefined || how === 'drop-reply';
  if (isGood && isApplied) workspace.files.set(id, { ...file, bytes });
  const reply = isGood ? text(`OK - ${bytes.length}`) : text('Bad upload', file ? 400 : 404);
  const status = send(response, reply, how);
  const sent = { file: id, content: bytes.toString() };
  record(slack, { via: 'upload', name: 'upload', request: sent, response: reply.body, status });
}

/** The bytes as they are, or the one file of a form. */
async function fileIn(raw: Buffer, contentType = ''): Promise<Buffer> {
  if (!contentType.startsWith('multipart/form-data')) return raw;
  const body = new Uint8Array(raw);
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData();
  const file = [...form.values()].find((value) => typeof value !== 'string');
  return file ? Buffer.from(await file.arrayBuffer()) : raw;
}

async function responseUrl({ slack, request, response }: Exchange, key: string): Promise<void> {
  const { workspace, triggers } = slack.parts.stage;
  const body = (await readBody(request)).toString();
  const how = slack.parts.faults.take('response_url');
  let reply: Reply = text('ok');
  if (how === undefined || how === 'drop-reply')
    try {
      respond(workspace, triggers.useAddress(key), JSON.parse(body));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isDead = error.code.endsWith('_url');
      reply = json({ ok: false, error: error.code, ...error.details }, isDead ? 404 : 200);
    }
  const status = send(response, reply, how);
  const crossing = { request: body, response: reply.body, status };
  record(slack, { via: 'response_url', name: 'response_url', ...crossing });
}

function download({ slack, request, response, url }: Exchange, place: string): void {
  const file = slack.file(place.split('-').at(-1) ?? '');
  const isAllowed = request.headers.authorization === `Bearer ${slack.botToken}`;
  if (!file?.bytes || !isAllowed) {
    send(response, text('Not found', 404));
    return;
  }
  const disposition = url.searchParams.has('download') ? 'attachment' : 'inline';
  const headers = { 'content-type': file.mimetype, 'content-disposition': disposition };
  send(response, { status: 200, body: file.bytes, headers });
}
