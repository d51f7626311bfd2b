import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bounds } from '../../src/slack/door.ts';
import { freePort } from '../../local/rig/free-port.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const on = scenarios();

/** The bot as a process of its own, with Slack’s requests at one port and health at another. */
async function withDoors(): Promise<{ world: World; slack: string; ops: string; port: number }> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const child = { PORT: String(port), OPS_PORT: String(opsPort) };
  const world = await on.start({ transport: 'http', child });
  return { world, port, slack: `http://127.0.0.1:${port}`, ops: `http://127.0.0.1:${opsPort}` };
}

const callsToSlack = (world: World): number =>
  world.slack.transcript().filter(({ from, name }) => from === 'app' && name === 'auth.test')
    .length;

/** The most memory that the process ever had, in MiB. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

const now = (): string => String(Math.floor(Date.now() / 1000));

/** What Slack would send with a body; with a signature of the right form unless a secret makes it the right one. */
function headersOf(body: string, secret = 'nobody’s'): Record<string, string> {
  const at = now();
  const mac = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
  return {
    'content-type': 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': at,
    'x-slack-signature': `v0=${mac}`,
  };
}

describe('whoever reaches the port that Slack’s requests come to', () => {
  it('learns nothing of health or metrics there; who reaches the other asks Slack once in two seconds', async () => {
    const { world, slack, ops } = await withDoors();
    for (const path of ['/livez', '/readyz', '/metrics', '/__version__', '/__heartbeat__', '/']) {
      expect((await fetch(slack + path)).status).toBe(404);
    }
    const before = callsToSlack(world);
    const paths = Array.from({ length: 200 }, () => ['/readyz', '/__heartbeat__']).flat();
    const answers = await Promise.all(paths.map(async (path) => (await fetch(ops + path)).json()));
    for (const answer of answers) expect(answer).toEqual({ status: 'ok', problems: [] });
    // On a slow machine so many answers may take longer than the first of them is good for.
    expect(callsToSlack(world) - before).toBeLessThan(8);
    expect((await fetch(`${ops}/slack/events`, { method: 'POST' })).status).toBe(404);
  });

  it('takes no memory by 150 bodies of 4 MiB, announced or not, signed or not', async () => {
    const { world, port } = await withDoors();
    const before = await peakOf(world.pid);
    const large = Buffer.alloc(4 * 1024 * 1024, 'x');
    const statuses = await Promise.all(
      Array.from({ length: 150 }, (_, n) => {
        const length = n % 2 === 0 ? { 'content-length': large.length } : {};
        const headers = { ...(n % 3 === 0 ? {} : headersOf('')), ...length };
        return statusOf(port, headers, large);
      }),
    );
    expect((await peakOf(world.pid)) - before).toBeLessThan(60);
    for (const status of statuses) expect(['401', '413', 'cut off']).toContain(status);
    // It still is Slack’s.
    await on.outside.build('build-decision');
    await world.propose(people.alice, 'build-decision latest');
    await world.click(people.alice, 'withdraw');
    await world.until('withdrawn');
  }, 60_000);

  it('keeps nobody out by holding connections open, and does not hold one for long', async () => {
    const { world, port } = await withDoors();
    const held: Socket[] = [];
    const begun = performance.now();
    for (let n = 0; n < 2 * bounds.connections; n += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      socket.write(`POST /slack/events HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\nx-${n}: `);
      held.push(socket);
    }
    for (const socket of held) if (socket.connecting) await once(socket, 'connect');
    await on.outside.build('build-decision');
    await world.propose(people.alice, 'build-decision latest');
    await world.click(people.alice, 'withdraw');
    await world.until('withdrawn');
    const open = held.filter(({ closed }) => !closed);
    expect(open.length).toBeLessThanOrEqual(bounds.connections);
    for (const socket of open) if (!socket.closed) await once(socket.resume(), 'close');
    expect(performance.now() - begun).toBeLessThan(30_000);
  }, 60_000);
});

it('serves health on PORT where Slack speaks Socket Mode, as ever, and on OPS_PORT where that is given', async () => {
  const [port, ops] = [await freePort(), await freePort()];
  const world = await on.start({ child: { PORT: String(port), OPS_PORT: String(ops) } });
  expect((await fetch(`http://127.0.0.1:${ops}/livez`)).status).toBe(200);
  const before = callsToSlack(world);
  const asked = Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${port}/readyz`));
  for (const { status } of await Promise.all(asked)) expect(status).toBe(200);
  expect(callsToSlack(world) - before).toBeLessThan(8);
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain(
    'promote_image_',
  );
});

/** How a request with this body ends: its status, or that the connection went first. */
async function statusOf(
  port: number,
  headers: Readonly<Record<string, string | number>>,
  body: Buffer,
): Promise<string> {
  const asking = request({
    port,
    host: '127.0.0.1',
    path: '/slack/events',
    method: 'POST',
    headers,
  });
  return new Promise((resolve) => {
    asking.on('response', (answer) => resolve(String(answer.resume().statusCode)));
    asking.on('error', () => resolve('cut off'));
    asking.end(body);
  });
}
