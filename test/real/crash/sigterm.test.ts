import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Crowd } from '../../helpers/real/crash/crowd.ts';
import { comeToRest } from '../../helpers/real/crash/killing.ts';
import { Life, Lives } from '../../helpers/real/crash/lives.ts';
import { randomFrom } from '../../helpers/real/crash/random.ts';
import { brokenNow } from '../../helpers/real/crash/violations.ts';
import { World } from '../../helpers/real/crash/world.ts';
import { freePort } from '../../../local/rig/free-port.ts';

/** SIGTERMs at random moments: the short form; the long one sets CRASH_TERMS. */
const terms = Number(process.env['CRASH_TERMS'] ?? 6);
const seed = Number(process.env['CRASH_SEED'] ?? randomInt(2 ** 31));

/** Milliseconds that the bot gives itself, and one second. */
const inTime = 26_000;
const longest = 2500;

/** Milliseconds from which on what a bot said is shown: it had something to wait for. */
const noticeable = 6000;

it(`stops ${terms} times at random moments in time and with 0; nothing is lost, nothing happens twice`, async () => {
  const random = randomFrom(seed);
  const world = await World.start();
  const lives = new Lives(world.env);
  const crowd = new Crowd(world, random);
  const took: number[] = [];
  const errors: string[] = [];
  try {
    for (let n = 0; n < terms; n += 1) {
      await crowd.want();
      const life = await lives.begin();
      await sleep(random() * longest);
      const begun = performance.now();
      const how = await life.kill('SIGTERM');
      // Before its first line nothing can hear a signal: the system ends the process.
      const isUnborn = life.log.join('') === 'warm\n';
      expect(isUnborn ? [0, 'SIGTERM'] : [0], life.log.join('')).toContain(how);
      const ms = performance.now() - begun;
      took.push(ms);
      if (ms > noticeable) console.info(`${Math.round(ms)} ms:\n${life.log.join('')}`);
      errors.push(...life.errors().filter((line) => !isUnheard(line)));
      expect(await brokenNow(world)).toEqual([]);
    }
    expect(await comeToRest(world, { lives, crowd, errors, patience: 60_000 })).toEqual([]);
    const slowest = Math.max(...took);
    console.info(`seed ${seed}: ${terms} times SIGTERM, ${Math.round(slowest)} ms at most`);
    expect(slowest).toBeLessThan(inTime);
    expect(errors.join('\n')).toBe('');
  } finally {
    await crowd.leave();
    await lives.close();
    await world.close();
  }
}, 7_200_000);

it('stops in the middle of a push: nothing is put under the tag any more, and the next start goes on', async () => {
  const world = await World.start();
  const port = await freePort();
  const lives = new Lives(world.overHttp(port));
  const crowd = new Crowd(world, randomFrom(seed));
  try {
    // Long enough under way for the signal to come in the middle of a layer.
    await crowd.want({ image: 'build-decision', fate: 'approve', size: 30_000_000 });
    const life = await lives.begin();
    await life.ready();
    const half = halfRequest(port);
    const { slack } = world;
    await slack.until(() => JSON.stringify(slack.messages()).includes('*Pushing*'), 60_000);
    const begun = performance.now();
    expect(await life.kill('SIGTERM'), life.log.join('')).toBe(0);
    expect(performance.now() - begun).toBeLessThan(inTime);
    half.destroy();
    const [target] = await world.targets();
    expect(await world.digestsUnder(target?.name ?? '', target?.tag ?? '')).toEqual([]);
    const rest = { lives, crowd, errors: [], patience: 60_000 };
    expect(await comeToRest(world, rest)).toEqual([]);
  } finally {
    await crowd.leave();
    await lives.close();
    await world.close();
  }
});

it('stops in time with a request of Slack’s by half, which it waits for only so long; a second signal ends it at once', async () => {
  const world = await World.start();
  const port = await freePort();
  const lives = new Lives(world.overHttp(port));
  try {
    for (const isTwice of [false, true]) {
      const life = await lives.begin();
      await life.ready();
      const half = halfRequest(port);
      await sleep(300);
      const begun = performance.now();
      life.process.kill('SIGTERM');
      await sleep(isTwice ? 300 : 0);
      const how = isTwice ? await life.kill('SIGINT') : await life.ended;
      const took = performance.now() - begun;
      half.destroy();
      console.info(`beside half a request: ended with ${how} after ${Math.round(took)} ms`);
      expect(how, life.log.join('')).toBe(isTwice ? 1 : 0);
      expect(took).toBeLessThan(10_000);
    }
  } finally {
    await lives.close();
    await world.close();
  }
});

it('ends at once and with 0 on a signal before it has begun anything', async () => {
  const world = await World.start();
  const life = new Life(world.env);
  try {
    await life.begin();
    // Asked for, and not yet told: Slack’s first answer never comes.
    world.slack.fail({ method: 'auth.test', how: 'stall' });
    const { slack } = world;
    await slack.until(() => slack.transcript().some(({ name }) => name === 'auth.test'), 20_000);
    const begun = performance.now();
    expect(await life.kill('SIGTERM')).toBe(0);
    expect(performance.now() - begun).toBeLessThan(5000);
  } finally {
    await life.kill('SIGKILL');
    await world.close();
  }
});

/**
 * What came in right before the connection was closed can’t be acknowledged any more: Slack tells the person that it
 * failed, be it stored or not, and a click or a line that comes again is told from a new one or answered.
 */
function isUnheard(line: string): boolean {
  return /no active connection|SMSendWhileNotReadyError/.test(line);
}

/** A request whose rest never comes. */
function halfRequest(port: number): Socket {
  const half = connect(port, '127.0.0.1');
  half.on('error', () => undefined);
  // What has no signature of these minutes is answered at once, and waits for nothing.
  const headers = {
    host: 'bot',
    'content-length': 100,
    'x-slack-request-timestamp': Math.floor(Date.now() / 1000),
    'x-slack-signature': `v0=${'0'.repeat(64)}`,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  half.write(`POST /slack/events HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\nhalf`);
  return half;
}
