import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Attempt, Delivery, Outcome, Transport } from './delivery.ts';

const maxConnections = 10;
const pingEvery = 5_000;
const goodbye = 200;

interface SocketModeOptions {
  readonly app: string;
  /** Milliseconds within which the app must acknowledge. */
  readonly ackWithin: number;
  /** Called when a connection has come or gone. */
  readonly onChange: () => void;
}

/** Socket Mode: several connections of one app, each delivery to one of them. */
export class SocketMode {
  readonly #options: SocketModeOptions;
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #waiting = new Map<string, Set<(outcome: Outcome) => void>>();
  readonly #connections: WebSocket[] = [];
  #turn = 0;

  constructor(options: SocketModeOptions) {
    this.#options = options;
  }

  /** How many connections said hello. */
  get connections(): number {
    return this.#connections.length;
  }

  /** The path of a new connection; good for one. */
  newTicket(): string {
    const ticket = randomBytes(18).toString('base64url');
    this.#tickets.add(ticket);
    return `/link/?ticket=${ticket}&app_id=${this.#options.app}`;
  }

  /** Takes an HTTP upgrade, if its ticket is good. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'ws://127.0.0.1');
    const ticket = url.searchParams.get('ticket') ?? '';
    if (url.pathname !== '/link/' || !this.#tickets.delete(ticket)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (connection) => this.#accept(connection));
  }

  #accept(connection: WebSocket): void {
    connection.on('error', () => connection.terminate());
    if (this.#connections.length >= maxConnections) {
      sendDisconnect(connection, 'too_many_websockets');
      connection.close();
      return;
    }
    this.#connections.push(connection);
    this.#options.onChange();
    const pings = setInterval(() => connection.ping(randomUUID()), pingEvery);
    connection.on('close', () => {
      clearInterval(pings);
      this.#connections.splice(this.#connections.indexOf(connection), 1);
      this.#options.onChange();
    });
    connection.on('message', (data) => this.#acknowledged(String(data as Buffer)));
    connection.send(
      JSON.stringify({
        type: 'hello',
        num_connections: this.#connections.length,
        debug_info: { host: 'local', approximate_connection_time: 3600 },
        connection_info: { app_id: this.#options.app },
      }),
    );
  }

  #acknowledged(data: string): void {
    const { envelope_id: id, payload } = parse(data);
    for (const settle of this.#waiting.get(id) ?? []) settle({ ack: payload });
  }

  readonly deliver: Transport = (delivery, attempt) => {
    const connection = this.#connections[this.#turn++ % Math.max(1, this.#connections.length)];
    if (!connection) return Promise.resolve({ error: 'dispatch_failed' });
    connection.send(JSON.stringify(envelopeOf(delivery, attempt)));
    return this.#awaitAck(delivery.id);
  };

  #awaitAck(id: string): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    const late = () => resolve({ error: 'operation_timeout' });
    const timer = setTimeout(late, this.#options.ackWithin);
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(id);
    });
  }

  /** Asks the app to connect anew, or just cuts its connections. */
  disconnect(how: 'refresh_requested' | 'warning' | 'cut'): void {
    for (const connection of this.#connections.toReversed())
      if (how === 'cut') connection.terminate();
      else sendDisconnect(connection, how);
  }

  /** Says goodbye, and cuts what does not answer soon. */
  async close(): Promise<void> {
    const closed = this.#connections.map(async (connection) => {
      connection.close(1001);
      const timer = setTimeout(() => connection.terminate(), goodbye);
      await once(connection, 'close').finally(() => clearTimeout(timer));
    });
    this.#server.close();
    for (const settle of [...this.#waiting.values()].flatMap((waiting) => [...waiting]))
      settle({ error: 'dispatch_failed' });
    await Promise.all(closed);
  }
}

function sendDisconnect(connection: WebSocket, reason: string): void {
  connection.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'local' } }));
}

function parse(data: string): { envelope_id: string; payload: unknown } {
  const { envelope_id = '', payload } = JSON.parse(data) as {
    envelope_id?: string;
    payload?: object;
  };
  // The client sends an empty object where the listener acknowledged with nothing.
  const isEmpty = !payload || Object.keys(payload).length === 0;
  return { envelope_id, payload: isEmpty ? undefined : payload };
}

function envelopeOf({ id, type, payload }: Delivery, attempt: Attempt): object {
  return {
    envelope_id: id,
    type,
    payload,
    accepts_response_payload: type !== 'events_api',
    ...(type === 'events_api'
      ? { retry_attempt: attempt.number, retry_reason: attempt.reason ?? '' }
      : {}),
  };
}
