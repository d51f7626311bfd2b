import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeAgeKey } from '../../local/sops.ts';
import { exportLine } from '../../src/audit.ts';
import { people } from '../scenarios/people.ts';
import { scenarios, type World } from '../scenarios/world.ts';
import { found, foundBelow, watchProcesses, type Watch } from './canary-watch.ts';

const { alice, bob } = people;
const on = scenarios();
const watches: Watch[] = [];

afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.stop();
});

type Transport = 'socket' | 'http';

interface Watched {
  readonly world: World;
  readonly watch: Watch;
  readonly canaries: Readonly<Record<string, string>>;
  readonly temporary: string;
}

/** The bot as a process of its own, with a temp folder of its own, watched from its start on. */
async function watched(transport: Transport): Promise<Watched> {
  const temporary = join(on.outside.folder, `tmp-${randomBytes(4).toString('hex')}`);
  await mkdir(temporary);
  const canary = (name: string) => `${name}-${randomBytes(12).toString('hex')}`;
  const more = {
    GITHUB_TOKEN: canary('github'),
    PORT: String(await freePort()),
    TMPDIR: temporary,
  };
  const world = await on.start({ child: more, transport });
  const canaries = {
    'signing secret': world.slack.signingSecret,
    password: on.outside.credentials.password.reveal(),
    'bot token': world.slack.botToken,
    'app token': world.slack.appToken,
    'GitHub token': more.GITHUB_TOKEN,
  };
  const watch = watchProcesses(world.pid, canaries);
  watches.push(watch);
  return { world, watch, canaries, temporary };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Everything that is left of a run, and everything that passed: no canary in any of it. */
async function expectNoCanary({ world, watch, canaries, temporary }: Watched): Promise<void> {
  await world.rest();
  const log = await Array.fromAsync(world.store.events());
  const exported = log.map(exportLine).join('\n');
  const seenBySlack = JSON.stringify(world.slack.transcript());
  const readiness = await world.health();
  await watch.stop();
  expect([...watch.hits]).toEqual([]);
  expect(found(exported, canaries)).toEqual([]);
  expect(found(seenBySlack, canaries)).toEqual([]);
  expect(found(readiness, canaries)).toEqual([]);
  expect(await foundBelow(world.folder, canaries)).toEqual([]);
  expect(await foundBelow(temporary, canaries)).toEqual([]);
}

async function approvedAfter(
  happens: (run: Watched) => unknown,
  transport: Transport = 'socket',
): Promise<Watched> {
  const run = await watched(transport);
  const { revision } = await on.outside.build('build-decision');
  await run.world.propose(alice, `build-decision ${revision}`);
  await happens(run);
  await run.world.click(bob, 'approve');
  return run;
}

describe('no secret is left anywhere', () => {
  it.each(['socket', 'http'] as const)(
    'by a promotion that went well, over %s',
    async (transport) => {
      const run = await approvedAfter(() => undefined, transport);
      await run.world.until('reported');
      await expectNoCanary(run);
      // Who sees nothing at work would find nothing.
      expect([...run.watch.seen].some((name) => /sops.* decrypt /.test(name))).toBe(true);
      expect([...run.watch.seen].some((name) => /\/git /.test(name))).toBe(true);
    },
  );

  const failures: Readonly<Record<string, (run: Watched) => unknown>> = {
    'the registry refuses the password': () =>
      on.outside.tokens.faults.add(
        'token',
        { fault: 'answer', status: 401 },
        { skip: 1, times: 9 },
      ),
    'the registry answers with what it was sent': ({ canaries }) =>
      on.outside.registry.faults.add(
        'start',
        {
          fault: 'answer',
          status: 403,
          body: JSON.stringify({ errors: [{ code: 'DENIED', message: canaries['password'] }] }),
        },
        { times: 9 },
      ),
    'the registry breaks off': () =>
      on.outside.registry.faults.add(
        'put-manifest',
        { fault: 'answer', status: 400, body: 'no' },
        { times: 9 },
      ),
    'sops has no key': async ({ world }) =>
      world.encrypt({ recipient: (await makeAgeKey()).recipient }),
    'the credentials are plain text': async ({ world, canaries }) => {
      await rm(world.sopsFile);
      const text = `mozillareleases:\n  username: x\n  token: ${JSON.stringify('not the canary')}\n`;
      expect(found(text, canaries)).toEqual([]);
      await writeFile(world.sopsFile, text, { mode: 0o600 });
    },
    'Slack refuses every post': ({ world }) =>
      world.slack.fail({ method: 'chat.update', times: 2, how: { error: 'internal_error' } }),
  };
  it.each(Object.entries(failures))('where %s', async (_, happens) => {
    const run = await approvedAfter(happens);
    await run.world.until('failed', 'reported', 'refused');
    await expectNoCanary(run);
  });

  it('by a process that is killed in the middle of a push', async () => {
    const run = await approvedAfter(() =>
      on.outside.registry.faults.add('put-manifest', { fault: 'stall' }),
    );
    const { requests } = on.outside.registry;
    const before = requests.length;
    await expect
      .poll(() => requests.slice(before - 1).some(({ step }) => step === 'put-manifest'), {
        timeout: 9000,
      })
      .toBe(true);
    await run.world.kill();
    expect(await foundBelow(run.world.folder, run.canaries)).toEqual([]);
    expect(await foundBelow(run.temporary, run.canaries)).toEqual([]);
    await run.world.run();
    await run.world.until('reported');
    await expectNoCanary(run);
  });
});

describe('a leak is noticed', () => {
  const canaries = { password: 'pä "ss\\word/+%&' };

  it.each([
    ['plain', 'pä "ss\\word/+%&'],
    ['in JSON', JSON.stringify({ a: { b: ['x pä "ss\\word/+%&'] } })],
    ['in a URL', `https://x/?p=${encodeURIComponent(canaries.password)}`],
    ['in a form', new URLSearchParams({ p: canaries.password }).toString()],
    ['in a Basic header', `Basic ${Buffer.from(`user:${canaries.password}`).toString('base64')}`],
    [
      'in another Basic header',
      `Basic ${Buffer.from(`users:${canaries.password}`).toString('base64')}`,
    ],
    ['in base64url', Buffer.from(canaries.password).toString('base64url')],
    ['in hex', Buffer.from(canaries.password).toString('hex')],
  ])('%s', (_, text) => {
    expect(found(text, canaries)).toEqual(['password']);
    expect(found(text.replaceAll(/[a-z]/gi, 'x'), canaries)).toEqual([]);
  });

  it('in a file, in the arguments and in the environment of a child', async () => {
    const folder = join(on.outside.folder, 'leak');
    await mkdir(join(folder, 'deep'), { recursive: true });
    await writeFile(join(folder, 'deep', 'er.sqlite-wal'), `\0\u00ff${canaries.password}\0`);
    expect(await foundBelow(folder, canaries)).toEqual([expect.stringContaining('er.sqlite-wal')]);
    const leak = `require('child_process').spawn('sh', ['-c', 'sleep 3; true', 'leak', process.env.P], { env: { LEAK: process.env.P } });
      setTimeout(() => {}, 3000)`;
    const env = { P: canaries.password, PATH: process.env['PATH'] ?? '' };
    const child = spawn(process.execPath, ['-e', leak], { env, stdio: 'ignore' });
    const watch = watchProcesses(child.pid ?? 0, canaries);
    watches.push(watch);
    await expect
      .poll(() => [...watch.hits].join('\n'), { timeout: 5000 })
      .toMatch(/arguments of .*sleep 3/);
    await expect
      .poll(() => [...watch.hits].join('\n'), { timeout: 5000 })
      .toMatch(/environment of .*sleep 3/);
    child.kill();
  });
});
