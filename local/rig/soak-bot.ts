import { setTimeout as sleep } from 'node:timers/promises';
import { logChecks } from '../../src/domain/audit-checks.ts';
import { verifyLog } from '../../src/domain/audit.ts';
import { createBot, type BotOptions } from '../../src/flow/bot.ts';
import type { Bot, Log } from '../../src/ports.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { Store } from '../../src/store-port.ts';
import { createPostWatch } from '../../src/slack/post-watch.ts';
import { deliverPosts } from '../../src/slack/delivery.ts';
import { hasWork, type Promotion, type State } from '../../src/domain/states.ts';
import { Revision } from '../../src/domain/reference.ts';
import { free } from './free-holding.ts';
import { keyFor } from './key.ts';
import { openStore } from '../../src/store/store.ts';
import { localPolicy } from '../policy.ts';
import { home, people } from '../seed.ts';
import { randomFrom } from './random.ts';
import { cheapPorts, type Chance } from './soak-ports.ts';
import { soakSlack, type SoakSlack } from './soak-slack.ts';

export interface SoakOptions {
  readonly database: string;
  readonly seed: number;
  /** From 0 to 1: of a hundred calls to the world outside, so many fail. */
  readonly faults: number;
}

/** A bot with a real store and a real delivery, and people who let it work without a pause. */
export interface Soak {
  readonly bot: Bot;
  readonly options: BotOptions;
  readonly store: Store;
  readonly slack: SoakSlack;
  readonly ended: Readonly<Partial<Record<State, number>>>;
  /** So many promotions at once, from the request to the end. */
  batch(count: number): Promise<void>;
  /** Waits until Slack has everything. */
  drained(): Promise<void>;
  /** What is not as it must be. */
  problems(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startSoak({ database, seed, faults }: SoakOptions): Promise<Soak> {
  const random = randomFrom(seed);
  const fails: Chance = () => random() < faults;
  const now = () => new Date();
  const policy = soakPolicy();
  const store = await openStore(database, { now, ...keyFor(database) });
  const stopping = new AbortController();
  const { signal } = stopping;
  const errors: string[] = [];
  const log: Log = (level, message) => {
    // The outbox’s troubles are what it is for.
    if (level === 'error') errors.push(message);
  };
  const slack = soakSlack(fails);
  const ports = { ...cheapPorts(fails, home.team), store };
  const began = (await store.list({ limit: 1 })).length === 0 ? 0 : Date.now();
  let made = 0;
  const newId = () => `s${began.toString(36)}x${(made += 1).toString(36)}`;
  const options = { policy, ports, now, newId, holding: free, log, signal };
  const bot = createBot(options);
  const { client } = slack;
  const { channel } = home;
  const watch = createPostWatch(now);
  const delivery = deliverPosts({ store, client, channel, now, log, watch, holding: free, signal });
  const ended: Partial<Record<State, number>> = {};
  const setting = { bot, store, images: Object.keys(policy.images), random, began };
  return {
    bot,
    options,
    store,
    slack,
    ended,
    async batch(count) {
      const before = made;
      await ask(count, before, setting);
      const ids = Array.from({ length: count }, (_, n) => idOf(began, before + n + 1));
      for (const one of await see(ids, setting)) ended[one.state] = (ended[one.state] ?? 0) + 1;
    },
    async drained() {
      while ((await store.outbox.next()) !== undefined) await sleep(20);
    },
    async problems() {
      const open = await store.list({ states: hasWork, limit: 1 });
      const verdict = await verifyLog(store.events(), [], logChecks(store.keys!));
      return [
        ...new Set(errors),
        ...open.map(({ id, state }) => `${id} still is ${state}`),
        ...slack.doubled.map((key) => `${key} was posted twice`),
        ...(verdict.ok ? [] : verdict.problems),
      ];
    },
    async stop() {
      stopping.abort();
      await delivery;
      await store.close();
    },
  };
}

interface Setting {
  readonly bot: Bot;
  readonly store: Store;
  readonly images: readonly string[];
  readonly random: () => number;
  readonly began: number;
}

function idOf(began: number, n: number): string {
  return `s${began.toString(36)}x${n.toString(36)}`;
}

async function ask(count: number, before: number, setting: Setting): Promise<void> {
  const { bot, store, images, began } = setting;
  for (let n = before; n < before + count; n += 1) {
    const commit = `${began.toString(16)}${n.toString(16).padStart(8, '0')}`;
    const text = `${images[n % images.length]} ${commit.padStart(22, '0')}${'0'.repeat(18)}`;
    const user = `U0PERSON${String(n % 50).padStart(2, '0')}`;
    // Where Slack does not say who asks, nobody does: people type the line again.
    for (let tries = 0; !(await store.get(idOf(began, n + 1))); tries += 1) {
      if (tries === 20) throw new Error(`the line ${text} is not taken`);
      await bot.onCommand({ ...from(user), envelope: `command ${began} ${n} ${tries}`, text });
    }
  }
  await bot.onTick();
}

function from(user: string) {
  return { user, team: home.team, channel: home.channel };
}

/** People do what they do until every one of them has ended. */
async function see(ids: readonly string[], setting: Setting): Promise<readonly Promotion[]> {
  const { bot, store } = setting;
  for (let round = 0; round < 40; round += 1) {
    const all = (await Promise.all(ids.map((id) => store.get(id)))).filter((one) => !!one);
    const open = all.filter(({ state }) => state === 'pending' || state === 'failed');
    if (open.length === 0 && !all.some(({ state }) => hasWork.includes(state))) return all;
    await Promise.all(open.map((one) => click(one, round, setting)));
    await bot.onTick();
  }
  throw new Error(`not all of ${ids[0]} to ${ids.at(-1)} came to an end`);
}

/** Mostly an approval, clicked twice at times, after somebody who may not; now and then a no. */
async function click(promotion: Promotion, round: number, setting: Setting): Promise<void> {
  const { bot, random } = setting;
  const { id: of, requester } = promotion;
  const planHash = 'planHash' in promotion ? (promotion.planHash ?? '') : '';
  const press = (user: string, action: 'approve' | 'reject' | 'withdraw' | 'retry', copy = '') =>
    bot.onDecision({
      ...from(user),
      action,
      promotion: of,
      planHash,
      why: 'not today',
      envelope: `${action} ${of} ${user} ${round}${copy}`,
    });
  const chance = random();
  if (promotion.state === 'failed') return void (await press(people.bob, 'retry'));
  if (chance < 0.05) return void (await press(requester, 'withdraw'));
  if (chance < 0.1) return void (await press(people.carol, 'reject'));
  if (chance < 0.2) await press(requester, 'approve');
  await press(people.bob, 'approve');
  if (chance > 0.9) await press(people.bob, 'approve');
}

function soakPolicy(): Policy {
  const tree = {
    url: 'https://example.org/tree',
    folder: '',
    revision: Revision.parse('a'.repeat(40)),
  };
  const { policy } = localPolicy({
    ...home,
    rootUrl: 'https://tc.example.org',
    key: 'Kz/aZIVeR6NP8gQU1U+2CCIZqvbd+4QCP6J63lflwik=',
    registry: 'https://registry.example.org',
    engine: 'registry',
    trees: { fxciConfig: tree, taskgraph: tree, gecko: { url: 'https://hg.example.org/gecko' } },
  });
  const approvers = { users: [people.bob, people.carol] };
  // Two people do here what hundreds would in weeks.
  const limits = { ...policy.limits, asksOfOne: 1_000_000 };
  return { ...policy, limits, approval: { ...policy.approval, approvers } };
}
