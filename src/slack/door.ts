import { HTTPReceiver, type App, type Logger, type Receiver } from '@slack/bolt';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenOptions, Socket } from 'node:net';
import type { Log } from '../ports.ts';

export interface DoorOptions {
  readonly signingSecret: string;
  readonly logger: Logger;
  readonly log: Log;
}

/** What may stand open at this door, and for how long. Slack itself waits three seconds for an answer. */
export const bounds = {
  /** Bytes of a body. */
  body: 64 * 1024,
  /** Connections: beyond that the oldest ends for the newest. */
  connections: 128,
  /** Milliseconds until a request is there, and between two looks for those that are not. */
  request: 5_000,
  look: 1_000,
} as const;

const path = '/slack/events';

/**
 * Slack’s requests over HTTP. Bolt reads a body before it asks who sent it: so what can’t be Slack’s is answered here,
 * before a byte of its body is kept, and no body is larger, no connection older, and not more of them open than
 * {@link bounds} says. Verifying the signature stays Bolt’s.
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export class SlackDoor implements Receiver {
  readonly #bolt: HTTPReceiver;
  readonly #log: Log;
  readonly #open = new Set<Socket>();
  #server: Server | undefined;
  #toldAt = -Infinity;

  constructor({ signingSecret, logger, log }: DoorOptions) {
    this.#bolt = new HTTPReceiver({ signingSecret, endpoints: path, logger });
    this.#log = log;
  }

  init(app: App): void {
    this.#bolt.init(app);
  }

  /** Resolves when it listens; throws what `listen` says. */
  async start(where: ListenOptions): Promise<Server> {
    const { request, look } = bounds;
    const patience = { headersTimeout: request, requestTimeout: request };
    const server = createServer(
      { ...patience, keepAliveTimeout: request, connectionsCheckingInterval: look },
      (...both) => void this.#take(...both).catch(() => both[1].destroy()),
    );
    server.on('connection', (socket) => this.#admit(socket));
    server.listen(where);
    await once(server, 'listening');
    this.#server = server;
    return server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server?.listening) return;
    server.close();
    await once(server, 'close');
  }

  /** The oldest goes for the newest: who only holds connections open keeps nobody out, Slack is done in a moment. */
  #admit(socket: Socket): void {
    const [oldest] = this.#open;
    if (oldest && this.#open.size >= bounds.connections) {
      this.#open.delete(oldest);
      oldest.destroy();
    }
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== path) {
      return end(response, 404);
    }
    if (!seemsSigned(request)) return end(response, 401);
    const rawBody = await readBody(request);
    if (rawBody === undefined) {
      this.#tellOfSize();
      return end(response, 413);
    }
    this.#bolt.requestListener(Object.assign(request, { rawBody }), response);
  }

  /** Whoever looks for a click that does nothing finds why; whoever wants to fill the log does not. */
  #tellOfSize(): void {
    const now = performance.now();
    if (now - this.#toldAt < 60_000) return;
    this.#toldAt = now;
    this.#log('warn', 'a request for Slack’s door was too large', { limit: bounds.body });
  }
}

/** The connection ends with the answer: nobody reads what is left of the body. */
function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: 'close' }).end();
}

/** Seconds that a signature is good for, before and after. */
const tolerated = 300;

/** Whether the headers could be Slack’s: a signature of its form, and of these minutes. */
function seemsSigned({ headers }: IncomingMessage): boolean {
  const [signature, timestamp] = ['x-slack-signature', 'x-slack-request-timestamp'].map((name) =>
    String(headers[name]),
  ) as [string, string];
  if (!/^v0=[0-9a-f]{64}$/.test(signature) || !/^\d{1,12}$/.test(timestamp)) return false;
  return Math.abs(Number(timestamp) - Date.now() / 1000) <= tolerated;
}

/** The whole body; `undefined` where it is too large, of which no more is read than the limit. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > bounds.body) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bounds.body) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
