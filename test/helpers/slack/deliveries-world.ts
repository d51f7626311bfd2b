import { setTimeout as sleep } from 'node:timers/promises';
import { Person } from '../../../local/slack/person.ts';
import { startSlack } from '../../../local/slack/server.ts';
import type { Slack } from '../../../local/slack/slack.ts';
import type { Message, View } from '../../../local/slack/things.ts';
import type { ActionId } from '../../../src/domain/delivery.ts';
import type { Bot } from '../../../src/ports.ts';
import { createBot } from '../../../src/flow/bot.ts';
import { readEnvironment } from '../../../src/config.ts';
import { PromotionError, refuse } from '../../../src/domain/errors.ts';
import type { Store } from '../../../src/store-port.ts';
import { createLogging } from '../../../src/service/log.ts';
import { createSlackApp } from '../../../src/slack/app.ts';
import { introduce } from '../../../src/slack/admission.ts';
import { createClient } from '../../../src/slack/client.ts';
import { createPostWatch } from '../../../src/slack/post-watch.ts';
import { deliverPosts } from '../../../src/slack/delivery.ts';
import { createPeople } from '../../../src/slack/people.ts';
import { hasWork, type Promotion, type State } from '../../../src/domain/states.ts';
import { without, type Guard } from '../deciding/broken-stores.ts';
import { policyOf, portsOf, revisionOf } from '../deciding/outside.ts';
import { approvers, seed } from '../../../local/rig/people.ts';
import { buttons } from '../scenarios/reading.ts';
import { freshSqlite } from '../store/fresh.ts';
import { Mailbox, type Disorder } from './mailbox.ts';
import { free } from '../../../local/rig/free-holding.ts';

/** The same moment all the time: what is told of times is equal in two worlds, and no trigger runs out. */
const now = () => new Date('2026-11-23T08:00:00.000Z');

/** The bot behind Bolt, a Slack and a database, with every delivery going through a mailbox. */
export class DeliveriesWorld {
  readonly slack: Slack;
  readonly store: Store;
  readonly mailbox: Mailbox;
  /** The tag of each push that began. */
  readonly runs: string[];
  /** Tags whose first push fails. */
  readonly failing: Set<string>;
  /** Ids of promotions by the commit that was asked for. */
  readonly asked: ReadonlyMap<string, readonly string[]>;
  /** Ids of the empty forms that a request took for its own: one is as good as another, once. */
  readonly taken = new Set<string>();
  /** Milliseconds that a request may take from one thing to the next. */
  patience = 30_000;
  readonly #bot: Bot;
  readonly #stop: () => Promise<void>;

  private constructor(
    parts: Pick<DeliveriesWorld, 'slack' | 'store' | 'mailbox' | 'runs' | 'failing' | 'asked'> & {
      readonly bot: Bot;
      readonly stop: () => Promise<void>;
    },
  ) {
    this.slack = parts.slack;
    this.store = parts.store;
    this.mailbox = parts.mailbox;
    this.runs = parts.runs;
    this.failing = parts.failing;
    this.asked = parts.asked;
    this.#bot = parts.bot;
    this.#stop = parts.stop;
  }

  static async start(disorder: Disorder | undefined, missing?: Guard): Promise<DeliveriesWorld> {
    const slack = await startSlack(seed(), { now: () => now().getTime() });
    const environment = environmentOf(slack);
    const { log, slackLogger: logger } = createLogging('silent');
    const database = await freshSqlite();
    const asked = new Map<string, string[]>();
    const store = noting(without(missing, await database.open({ now })), asked);
    const client = createClient(environment.SLACK_BOT_TOKEN, { apiUrl: slack.apiUrl, logger });
    const policy = policyOf({ approvers });
    const runs: string[] = [];
    const failing = new Set<string>();
    const published = new Set<string>();
    const outside = portsOf({
      isPublished: (tag) => published.has(tag),
      engine: ({ target: { tag } }) => {
        runs.push(tag);
        if (failing.delete(tag)) throw new PromotionError(refuse('interrupted', {}));
        published.add(tag);
      },
    });
    const people = createPeople(client, policy.slack.team);
    const stopping = new AbortController();
    const { signal } = stopping;
    let ids = 0;
    const newId = () => `p0000${(ids += 1)}x`;
    const bot = createBot({
      policy,
      ports: { ...outside, people, store },
      now,
      newId,
      holding: free,
      log,
      signal,
    });
    const self = await introduce(client, { policy, log });
    const given = { bot, store, policy, environment, self, logger, log };
    const { app } = createSlackApp(given);
    const { channel } = policy.slack;
    const delivering = deliverPosts({
      watch: createPostWatch(now),
      store,
      client,
      channel,
      now,
      log,
      holding: free,
      signal,
    });
    const stop = async () => {
      stopping.abort();
      await delivering;
      await store.close();
      await slack.stop();
      await database.remove();
    };
    const mailbox = new Mailbox(app, disorder);
    return new DeliveriesWorld({ slack, store, mailbox, runs, failing, asked, bot, stop });
  }

  /** Plays the scripts, some at a time, and then whatever is still to come late. */
  async play(scripts: readonly Script[], atOnce: number): Promise<void> {
    const left = scripts.map((script, n) => ({ script, n }));
    const running = new Set<Promise<void>>();
    let trouble: unknown;
    while (left.length > 0 || running.size > 0) {
      while (running.size < atOnce && left.length > 0) {
        const { script, n } = left.shift()!;
        const run = script(new Request(this, n)).catch((error: unknown) => {
          trouble ??= error;
        });
        running.add(run);
        void run.finally(() => running.delete(run));
      }
      if (!(await this.mailbox.handOver())) await sleep(1);
      await this.#bot.onTick();
      if (trouble) throw trouble as Error;
    }
    await this.mailbox.handOverLate();
    await this.rest();
  }

  /** Until nothing is left to do, and Slack has everything. */
  async rest(): Promise<void> {
    for (;;) {
      await this.#bot.onTick();
      const busy = await this.store.list({ states: hasWork, limit: 1 });
      if (busy.length === 0 && !(await this.store.outbox.next())) return;
      await sleep(2);
    }
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

export type Script = (request: Request) => Promise<void>;

/** What one request’s people do, each at their own Slack. */
class Request {
  readonly revision: string;
  readonly #world: DeliveriesWorld;

  constructor(world: DeliveriesWorld, n: number) {
    this.#world = world;
    this.revision = revisionOf(n);
  }

  get slack(): Slack {
    return this.#world.slack;
  }

  as(user: string): Person {
    const { slack, mailbox } = this.#world;
    return new Person(user, slack.parts.stage, mailbox.deliveries);
  }

  ask(user: string, text = `build-decision ${this.revision}`) {
    return this.as(user).command('/promote-image', text);
  }

  /** Clicks the newest such button of this request, or one on a message as it once stood. */
  async click(user: string, action: ActionId, on?: Message) {
    return this.as(user).click(on ?? (await this.button(action)), action);
  }

  /** The first push of this image will fail. */
  failOnce(): void {
    this.#world.failing.add(this.revision);
  }

  /** The modal that this person was shown for this request. */
  async form(user: string): Promise<string> {
    const ids = (await this.promotions()).map(({ id }) => id);
    const view = await this.slack.until(() =>
      this.slack
        .views(user)
        .find(({ private_metadata: data }) => ids.some((id) => data.includes(id))),
    );
    return view.id;
  }

  /** An empty form that this person was shown, and that no other request fills in. */
  async emptyForm(user: string): Promise<string> {
    const { taken } = this.#world;
    let mine: View | undefined;
    await this.slack.until(() => {
      mine ??= this.slack
        .views(user)
        .find(({ id, private_metadata: data }) => !taken.has(id) && !data.includes('p0000'));
      // At once: another request that waits for one is asked before this one hears of it.
      if (mine) taken.add(mine.id);
      return mine;
    });
    return mine?.id ?? '';
  }

  /** This request’s promotions, oldest first. */
  async promotions(): Promise<readonly Promotion[]> {
    const ids = this.#world.asked.get(this.revision) ?? [];
    const all = await Promise.all(ids.map((id) => this.#world.store.get(id)));
    return all.filter((one) => one !== undefined);
  }

  /** Waits until there is one promotion in each of these states. */
  async until(...states: readonly State[]): Promise<void> {
    await this.#wait(`be ${states.join()}`, async () => {
      const found = (await this.promotions()).map(({ state }) => state);
      return states.toSorted().join() === found.toSorted().join() || undefined;
    });
  }

  /** Waits for the newest message of this request with such a button. */
  async button(action: ActionId): Promise<Message> {
    return this.#wait(`have ${action}`, async () => {
      const ids = this.#world.asked.get(this.revision) ?? [];
      const cards = await Promise.all(ids.map((id) => this.#world.store.card(id)));
      return cards
        .flatMap((card) => (card ? this.slack.thread(card.ts, card.channel) : []))
        .findLast((message) => buttons(message).includes(action));
    });
  }

  async #wait<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + this.#world.patience;
    while (performance.now() < deadline) {
      const found = await look();
      if (found !== undefined) return found;
      await sleep(5);
    }
    const found = (await this.promotions()).map(({ state }) => state).join();
    throw new Error(`${this.revision} does not come to ${what}: it is ${found}`);
  }
}

/** The store, and which promotions were asked for. */
function noting(store: Store, asked: Map<string, string[]>): Store {
  return {
    ...store,
    create: async (change) => {
      const created = await store.create(change);
      const revision = revisionOfAsk(change.to);
      if (created.outcome === 'changed')
        asked.set(revision, [...(asked.get(revision) ?? []), change.to.id]);
      return created;
    },
  };
}

export function revisionOfAsk({ ask }: Promotion): string {
  return ask.build.by === 'revision' ? ask.build.revision : '';
}

function environmentOf(slack: Slack) {
  const read = readEnvironment({
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}
