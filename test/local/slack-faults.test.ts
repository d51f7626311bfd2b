import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { LogLevel, SocketModeReceiver } from '@slack/bolt';
import { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { How } from '../../local/slack/faults.ts';
import { startSlack } from '../../local/slack/server.ts';
import type { Slack } from '../../local/slack/slack.ts';
import { seed } from '../helpers/local/slack-seed.ts';

const alice = 'U0ALICE01';
let slack: Slack;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  slack = await startSlack(seed, { ackWithin: 150, retries: [0, 10, 20], random: () => 0.5 });
});
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
  await slack.stop();
});

describe('a call that goes wrong', () => {
  const post = (client: WebClient) =>
    client.chat.postMessage({ channel: slack.channel, text: 'Once?' });
  const client = () =>
    new WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      timeout: 500,
      logLevel: LogLevel.ERROR,
    });

  const faults: readonly (readonly [string, How, number, RegExp])[] = [
    ['is told to wait', { status: 429, retryAfter: 7 }, 0, /rate.?limit/i],
    ['meets a broken server', { status: 503 }, 0, /503/],
    ['gets a page instead of JSON', 'html', 0, /./],
    ['is refused', { error: 'not_in_channel' }, 0, /not_in_channel/],
    ['is cut before it is done', 'drop-request', 0, /./],
    ['is done, but its reply is lost', 'drop-reply', 1, /./],
    ['is never answered', 'stall', 0, /./],
  ];

  it.each(faults)('%s', async (_, how, posted, message) => {
    slack.fail({ method: 'chat.postMessage', how });
    await expect(post(client())).rejects.toThrow(message);
    expect(slack.messages()).toHaveLength(posted);
    await post(client());
    expect(slack.messages()).toHaveLength(posted + 1);
  });

  it('says how long to wait, in the words it was given', async () => {
    slack.fail({ method: '*', how: { status: 429, retryAfter: 'Mon, 23 Nov 2026 09:00:00 GMT' } });
    const response = await fetch(`${slack.apiUrl}auth.test`);
    expect(response.headers.get('retry-after')).toBe('Mon, 23 Nov 2026 09:00:00 GMT');
  });

  it('goes wrong as often as it was asked to, after as many good ones, until it is healed', async () => {
    slack.fail({ method: 'api.test', after: 1, times: 2, how: { status: 500 } });
    const statuses = async () => (await fetch(`${slack.apiUrl}api.test`)).status;
    const seen = [await statuses(), await statuses(), await statuses(), await statuses()];
    expect(seen).toEqual([200, 500, 500, 200]);
    slack.fail({ method: 'api.test', times: Infinity, how: 'html' });
    slack.heal();
    expect(await (await fetch(`${slack.apiUrl}api.test`)).json()).toMatchObject({ ok: true });
  });
});

/** A client of Socket Mode that answers each envelope at once, and what it got. */
async function connect(shouldAck = true): Promise<{ type: string; body: object }[]> {
  const got: { type: string; body: object }[] = [];
  const { client } = new SocketModeReceiver({
    appToken: slack.appToken,
    logLevel: LogLevel.ERROR,
    // Also how long the client waits before it connects anew.
    clientPingTimeout: 300,
    installerOptions: { clientOptions: { slackApiUrl: slack.apiUrl } },
  });
  client.removeAllListeners('slack_event');
  client.on('slack_event', ({ ack, type, body }) => {
    got.push({ type: String(type), body: body as object });
    if (shouldAck) void (ack as () => Promise<void>)();
  });
  await client.start();
  cleanups.push(() => client.disconnect());
  return got;
}

describe('deliveries through Socket Mode', () => {
  const say = (text: string) => slack.as(alice).command('/promote-image', text);
  const texts = (got: readonly { body: object }[]) =>
    got.map(({ body }) => (body as { text?: string }).text);

  it('fail at once where nobody listens, and the person is told', async () => {
    expect(await say('x')).toMatchObject({ error: 'dispatch_failed' });
    expect(slack.ephemerals(alice)[0]?.text).toContain('dispatch_failed');
  });

  it('go to one connection each, not to all', async () => {
    const [one, other] = [await connect(), await connect()];
    expect(slack.connections).toBe(2);
    for (const text of ['1', '2', '3', '4']) await say(text);
    expect(new Set([...texts(one), ...texts(other)])).toEqual(new Set(['1', '2', '3', '4']));
    expect([one.length, other.length]).toEqual([2, 2]);
  });

  it('come twice where they are duplicated, under one envelope', async () => {
    const got = await connect();
    slack.delivery({ duplicate: 2 });
    await say('x');
    await slack.until(() => slack.transcript().filter(({ via }) => via === 'socket').length === 3);
    expect(texts(got)).toEqual(['x', 'x', 'x']);
    expect(slack.delivered).toHaveLength(1);
  });

  it('come late, the other way round, or not at all', async () => {
    const got = await connect();
    slack.delivery({ reorder: 3 });
    await Promise.all([say('1'), say('2'), say('3')]);
    expect(texts(got)).toEqual(['3', '2', '1']);
    slack.delivery({ delay: [20, 40] });
    const start = performance.now();
    await say('4');
    expect(performance.now() - start).toBeGreaterThan(25);
    slack.delivery({ lose: 1 });
    expect(await say('5')).toMatchObject({ error: 'operation_timeout' });
    await say('6');
    expect(texts(got)).toEqual(['3', '2', '1', '4', '6']);
  });

  it('can come again later, exactly as they were', async () => {
    const got = await connect();
    await say('x');
    const [delivery] = slack.delivered;
    await slack.deliverAgain(delivery as NonNullable<typeof delivery>);
    expect(got[1]).toEqual(got[0]);
  });

  it('try an event again until it is acknowledged, three times at most', async () => {
    await connect(false);
    await slack.as(alice).home();
    await slack.until(() => slack.transcript().filter(({ via }) => via === 'socket').length === 4);
    expect(slack.transcript().at(-1)).toMatchObject({ name: 'events_api', status: 'timeout' });
  });

  it('go on after the client was asked to connect anew', async () => {
    const got = await connect();
    slack.disconnect();
    await expect.poll(async () => (await say('x')).error, { timeout: 5_000 }).toBeUndefined();
    expect(texts(got)).toContain('x');
  });

  it('refuse a ticket that was used, and an eleventh connection', async () => {
    const open = async () => {
      const headers = { authorization: `Bearer ${slack.appToken}` };
      const response = await fetch(`${slack.apiUrl}apps.connections.open`, { headers });
      return ((await response.json()) as { url: string }).url;
    };
    const first = await open();
    const said = async (url: string) => {
      const socket = new WebSocket(url);
      cleanups.push(() => socket.terminate());
      const [data] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(data.toString()) as object;
    };
    expect(await said(first)).toMatchObject({ type: 'hello', num_connections: 1 });
    await expect(said(first)).rejects.toThrow(/403/);
    for (let count = 2; count <= 10; count += 1) await said(await open());
    expect(await said(await open())).toMatchObject({ reason: 'too_many_websockets' });
  });
});

describe('deliveries by HTTP', () => {
  interface Seen {
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }

  async function listen(status: (seen: number) => number) {
    const seen: Seen[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
        response.writeHead(status(seen.length)).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    slack.deliverTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`);
    return seen;
  }

  const macOf = ({ headers, body }: Seen) => {
    const base = `v0:${String(headers['x-slack-request-timestamp'])}:${body}`;
    return `v0=${createHmac('sha256', slack.signingSecret).update(base).digest('hex')}`;
  };

  it('are signed', async () => {
    const seen = await listen(() => 200);
    await slack.as(alice).command('/promote-image', 'a & b');
    expect(new URLSearchParams(seen[0]?.body).get('text')).toBe('a & b');
    expect(seen[0]?.headers['x-slack-signature']).toBe(macOf(seen[0] as Seen));
  });

  it('carry the time of a clock that is wrong where it is', async () => {
    const seen = await listen(() => 200);
    slack.skew(-10 * 60_000);
    await slack.as(alice).command('/promote-image');
    const stamp = Number(seen[0]?.headers['x-slack-request-timestamp']) * 1000;
    expect(Math.abs(Date.now() - 10 * 60_000 - stamp)).toBeLessThan(5_000);
    const date = (await fetch(`${slack.apiUrl}api.test`)).headers.get('date');
    expect(Math.abs(Date.parse(String(date)) - stamp)).toBeLessThan(5_000);
  });

  it('try an event again, and say the how-manieth time it is and why', async () => {
    const seen = await listen((count) => (count < 3 ? 500 : 200));
    await slack.as(alice).home();
    await slack.until(() => seen.length === 3);
    const retries = seen.map(({ headers }) => [
      headers['x-slack-retry-num'],
      headers['x-slack-retry-reason'],
    ]);
    expect(retries).toEqual([
      [undefined, undefined],
      ['1', 'http_error'],
      ['2', 'http_error'],
    ]);
  });

  it('do not try a command again', async () => {
    const seen = await listen(() => 500);
    expect(await slack.as(alice).command('/promote-image')).toMatchObject({
      error: 'dispatch_failed',
    });
    expect(seen).toHaveLength(1);
  });
});

it('says what it waited for, and what there was instead', async () => {
  slack.as(alice).say('Hello');
  await expect(slack.until(() => slack.messages()[7], 30)).rejects.toThrow(/30 ms[\s\S]*Hello/);
});
