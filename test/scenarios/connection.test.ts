import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { How } from '../../local/slack/faults.ts';
import { people } from '../../local/rig/people.ts';
import { scenarios, type World } from '../helpers/scenarios/world.ts';

const { alice, bob, carol } = people;
const on = scenarios({ steadyTrees: true });

const sockets: WebSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.terminate();
});

async function connected(world: World): Promise<void> {
  await world.slack.until(() => world.slack.connections > 0, 30_000);
}

/** Until the bot hears people. */
async function expectHears(world: World): Promise<void> {
  await connected(world);
  await world.ask(carol, 'status');
  await expect
    .poll(() => world.told(carol), { timeout: 8000 })
    .toEqual([expect.stringContaining('Under way: nothing')]);
}

/** Takes all places that Slack gives one app. */
async function crowd(world: World): Promise<void> {
  const { apiUrl, appToken } = world.slack;
  for (let n = 0; n < 10; n += 1) {
    const headers = { authorization: `Bearer ${appToken}` };
    const answer = await fetch(`${apiUrl}apps.connections.open`, { headers });
    const socket = new WebSocket(((await answer.json()) as { url: string }).url);
    sockets.push(socket);
    await once(socket, 'message');
  }
}

const troubles: Readonly<Record<string, How>> = {
  'fails with 503': { status: 503 },
  'asks to slow down': { status: 429, retryAfter: 1 },
  'breaks the connection': 'drop-request',
  'answers with a page': 'html',
  'has an error of its own': { error: 'internal_error' },
  'will not have the bot for a while': { error: 'invalid_auth' },
};

describe('a connection that is cut is made anew where Slack', () => {
  it.each(Object.entries(troubles))(
    '%s twice',
    async (_, how) => {
      // A process of its own: one that dies of it is seen to.
      const world = await on.start({ child: {} });
      world.expectsErrors = true;
      world.slack.fail({ method: 'apps.connections.open', times: 2, how });
      world.slack.disconnect('cut');
      await world.slack.until(() => world.slack.connections === 0);
      await expectHears(world);
    },
    40_000,
  );
});

interface Gate {
  /** Resolves when a push has begun. */
  readonly pushing: Promise<void>;
  /** Lets it go on. */
  readonly open: () => void;
  pushes: number;
}

/** A push that bob has approved, and that waits at a gate. */
async function pushing(): Promise<{ world: World; gate: Gate }> {
  const [begun, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const gate: Gate = { pushing: begun.promise, open: opened.resolve, pushes: 0 };
  const world = await on.start({
    ports: ({ engine }) => ({
      engine: async (push) => {
        gate.pushes += 1;
        begun.resolve();
        await opened.promise;
        return engine(push);
      },
    }),
  });
  const { revision } = await on.outside.build('build-decision');
  await world.propose(alice, `build-decision ${revision}`);
  // Only a connection that lasted is replaced at once.
  await sleep(5000);
  await world.click(bob, 'approve');
  await gate.pushing;
  return { world, gate };
}

it.each(['warning', 'refresh_requested'] as const)(
  'a connection that Slack renews (%s) in the middle of a push is made anew at once, and the push goes on',
  async (how) => {
    const { world, gate } = await pushing();
    world.slack.disconnect(how);
    await world.slack.until(() => world.slack.connections === 0);
    const began = performance.now();
    await connected(world);
    // The SDK alone takes five seconds.
    expect(performance.now() - began).toBeLessThan(4000);
    gate.open();
    await world.until('reported');
    await expectHears(world);
    expect(gate.pushes).toBe(1);
  },
  30_000,
);

it('a Slack that is wholly away in the middle of a push keeps nothing from being published, and hears of it later', async () => {
  const { world, gate } = await pushing();
  world.expectsErrors = true;
  world.slack.fail({ method: '*', times: Infinity, how: 'drop-request' });
  world.slack.disconnect('cut');
  gate.open();
  await expect
    .poll(async () => (await world.store.list({ limit: 1 }))[0]?.state, { timeout: 15_000 })
    .toBe('reported');
  expect(await world.problems()).toContain('the connection to Slack is down: it broke');
  expect(world.thread().join('\n')).not.toContain('*Published*');
  world.slack.heal();
  world.patience = 60_000;
  await world.until('reported');
  expect(world.thread().filter((text) => text.includes('*Published*'))).toHaveLength(1);
  await expectHears(world);
  expect(gate.pushes).toBe(1);
}, 90_000);

it('health says that others hold all connections, and the bot hears people once one is free', async () => {
  const world = await on.start();
  world.expectsErrors = true;
  expect(await world.problems()).toEqual([]);
  world.slack.disconnect('cut');
  await world.slack.until(() => world.slack.connections === 0);
  await crowd(world);
  await expect
    .poll(() => world.problems(), { timeout: 10_000 })
    .toEqual(['the connection to Slack is down: too_many_websockets']);
  for (const socket of sockets.splice(0)) socket.terminate();
  await world.slack.until(() => world.slack.connections === 0);
  await expectHears(world);
  expect(await world.problems()).toEqual([]);
  expect(world.log.join('')).toContain('connected to Slack again');
}, 40_000);

it.each([
  ['auth.test', { status: 503 }],
  ['auth.test', 'drop-request'],
  ['apps.connections.open', { status: 503 }],
  ['apps.connections.open', 'html'],
] as const)(
  'a start waits for Slack while %s does not work (%o)',
  async (method, how) => {
    const world = await on.start({ child: {} });
    await world.stop();
    world.slack.fail({ method, times: 2, how });
    await world.run();
    await expectHears(world);
  },
  40_000,
);
