import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Answer, Where } from '../../../local/slack/person.ts';
import type { Seed } from '../../../local/slack/seed.ts';
import { startSlack } from '../../../local/slack/server.ts';
import type { Slack } from '../../../local/slack/slack.ts';
import type { Message } from '../../../local/slack/things.ts';
import { encryptSops } from '../../../local/sops.ts';
import type { ActionId } from '../../../src/domain/delivery.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { Trees } from '../../../src/ports.ts';
import type { Store } from '../../../src/store-port.ts';
import type { ChainedEvent } from '../../../src/domain/event.ts';
import { hasWork, type Promotion, type State } from '../../../src/domain/states.ts';
import { runBot, type Ports, type RunningBot } from '../../../local/rig/bot.ts';
import { runChild, type ChildSetup } from '../../../local/rig/child.ts';
import { expectSound } from './invariants.ts';
import { startOutside, type Outside } from '../../../local/rig/outside.ts';
import { seed } from '../../../local/rig/people.ts';
import { buttons, reads } from './reading.ts';

export interface WorldOptions {
  /** Another policy than the local one. */
  readonly policy?: ((policy: Policy) => Policy) | undefined;
  readonly seed?: ((seed: Seed) => Seed) | undefined;
  readonly transport?: 'socket' | 'http' | undefined;
  readonly ports?: ((real: Ports) => Partial<Ports>) | undefined;
  /** `DATABASE_URL`; a file in the world’s folder unless given. */
  readonly database?: string | undefined;
  /** Puts something else in the place of the store. */
  readonly store?: ((real: Store) => Store) | undefined;
  /** The bot as a process of its own, started as anywhere else, with this in its environment besides. */
  readonly child?: Readonly<Record<string, string>> | undefined;
  /** Milliseconds that a call to Slack may take, instead of ten seconds. */
  readonly patience?: number | undefined;
  /** Reads each source tree once for a whole file: where none changes, git’s clones are most of the time. */
  readonly steadyTrees?: boolean | undefined;
  /** Decrypts with sops, which takes its time; without it the credentials are just there. */
  readonly sops?: true | undefined;
}

export interface Scenarios {
  readonly outside: Outside;
  /** A Slack and a bot of its own; stopped after the scenario, and looked over. */
  start(options?: WorldOptions): Promise<World>;
}

/** What the scenarios of a file share, and a new world for each. `defaults` hold for all of them. */
export function scenarios(defaults: WorldOptions = {}): Scenarios {
  let outside: Outside;
  const worlds: World[] = [];
  beforeAll(async () => {
    outside = await startOutside();
  });
  afterEach(async () => {
    outside.registry.faults.clear();
    outside.tokens.faults.clear();
    outside.taskcluster.faults.length = 0;
    for (const world of worlds.splice(0)) await world.end();
  });
  afterAll(() => outside.close());
  return {
    get outside() {
      return outside;
    },
    async start(options = {}) {
      const world = await World.start(outside, { ...defaults, ...options });
      worlds.push(world);
      return world;
    },
  };
}

/** One scenario’s Slack, its bot, and what people do and see. */
export class World {
  readonly outside: Outside;
  readonly slack: Slack;
  /** Removed at the end; holds the database and the sops file. */
  readonly folder: string;
  readonly policy: Policy;
  /** Every line that the bot logged. */
  readonly log: string[] = [];
  /** A failure that nobody foresaw is part of this scenario. */
  expectsErrors = false;
  /** Milliseconds to wait for what is to come. */
  patience = 40_000;
  readonly #options: WorldOptions;
  readonly #since: number;
  #running: RunningBot | undefined;
  #ahead = 0;
  #isHeld = false;

  private constructor(
    outside: Outside,
    given: Pick<World, 'slack' | 'folder' | 'policy'> & { readonly options: WorldOptions },
  ) {
    this.outside = outside;
    this.slack = given.slack;
    this.folder = given.folder;
    this.policy = given.policy;
    this.#options = given.options;
    this.#since = outside.registry.requests.length;
  }

  static async start(outside: Outside, options: WorldOptions): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'promote-image-world-'));
    const slack = await startSlack(options.seed?.(seed()) ?? seed(), { retries: [0, 20, 20] });
    const { registry } = outside.policy;
    const file = join(folder, 'dockerhub.sops.yml');
    const credentials = { ...registry.credentials, file };
    const local = { ...outside.policy, registry: { ...registry, credentials } };
    const policy = options.policy?.(local) ?? local;
    const world = new World(outside, { slack, folder, policy, options });
    await world.encrypt();
    await world.run();
    return world;
  }

  /** Starts the bot: at first, or again as it is, under another policy, with other ports. */
  async run(change: { readonly policy?: Policy; readonly ports?: WorldOptions['ports'] } = {}) {
    const { child } = this.#options;
    if (child) {
      this.#running = await runChild(this.setup(change.policy), child);
      return;
    }
    this.#running = await runBot({
      slack: this.slack,
      policy: change.policy ?? this.policy,
      database: this.#options.database ?? `sqlite:${join(this.folder, 'promote-image.sqlite')}`,
      env: this.outside.env,
      now: () => this.now(),
      transport: this.#options.transport,
      patience: this.#options.patience,
      store: this.#options.store,
      ports: (real) => ({
        ...(this.#options.sops ? {} : { secrets: async () => this.outside.credentials }),
        ...(this.#options.steadyTrees ? { trees: this.#remembered(real.trees) } : {}),
        ...(change.ports ?? this.#options.ports)?.(real),
      }),
      mayTick: () => !this.#isHeld,
      log: (line) => void this.log.push(line),
    });
  }

  #remembered(trees: Trees): Trees {
    const { read } = this.outside;
    return {
      ...trees,
      read: (source, names) => {
        const key = JSON.stringify([source, names]);
        const known = read.get(key) ?? trees.read(source, names);
        read.set(key, known);
        return known;
      },
    };
  }

  /** From now on the bot does nothing by itself: what was decided lies there. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Lets the bot go on. */
  async release(): Promise<void> {
    this.#isHeld = false;
    await this.#running?.bot.onTick();
  }

  /** Of the bot’s process, where it has one of its own. */
  get pid(): number {
    return this.#running?.child?.pid ?? process.pid;
  }

  /** Everything that its health pages tell, where it serves them. */
  async health(): Promise<string> {
    const port = this.#options.child?.['OPS_PORT'] ?? this.#options.child?.['PORT'];
    if (!port) return '';
    const pages = ['livez', 'readyz', '__version__', 'metrics', 'nothing'];
    const answers = pages.map(async (page) =>
      (await fetch(`http://127.0.0.1:${port}/${page}`)).text(),
    );
    return (await Promise.all(answers)).join('\n');
  }

  /** What a process of its own is started with. */
  setup(policy: Policy = this.policy): ChildSetup {
    const { folder, slack, log, outside } = this;
    const { transport } = this.#options;
    return { folder, slack, policy, log, transport, env: outside.env };
  }

  /** Kills the bot’s process at once, as a machine that loses its power. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number | null> {
    const child = this.#running?.child;
    if (!child) throw new Error('The bot is no process of its own');
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    await this.stop();
    return code;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  async end(): Promise<void> {
    try {
      if (this.#running) await this.rest();
      if (this.#running) await expectSound(this);
    } finally {
      await this.stop();
      await this.slack.stop();
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  get store(): Store {
    if (!this.#running) throw new Error('The bot is not running');
    return this.#running.store;
  }

  /** What the health page of a bot in this process says is wrong. */
  async problems(): Promise<readonly string[]> {
    return (await this.#running?.ready?.()) ?? [];
  }

  /** The value of one metric of a bot in this process. */
  async metric(name: string): Promise<number> {
    const text = (await this.#running?.metrics?.()) ?? '';
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  }

  get requestUrl(): string {
    return this.#running?.requestUrl ?? '';
  }

  /** The sops file: with these credentials, encrypted for the key that the bot has, unless told otherwise. */
  async encrypt({
    password = this.outside.credentials.password.reveal(),
    recipient = this.outside.age.recipient,
  } = {}): Promise<void> {
    const { username } = this.outside.credentials;
    const document = { mozillareleases: { username, token: password } };
    await rm(this.sopsFile, { force: true });
    await writeFile(this.sopsFile, await encryptSops(document, recipient), { mode: 0o600 });
  }

  get sopsFile(): string {
    return join(this.folder, 'dockerhub.sops.yml');
  }

  now(): Date {
    return new Date(Date.now() + this.#ahead);
  }

  /** Puts the bot’s clock ahead. */
  async later(ms: number): Promise<void> {
    this.#ahead += ms;
    if (!this.#isHeld) await this.#running?.bot.onTick();
  }

  /** Types the command. */
  async ask(who: string, text: string, channel = this.slack.channel): Promise<Answer> {
    const answer = await this.slack.as(who).command('/promote-image', text, { channel });
    await this.#heard();
    return answer;
  }

  /** Types the command and waits until the plan stands in the channel. */
  async propose(who: string, text: string): Promise<Promotion> {
    await this.ask(who, text);
    return this.until('pending');
  }

  /** Clicks a button: the newest in the newest card’s thread unless told otherwise. */
  async click(who: string, action: ActionId, where?: Where): Promise<Answer> {
    const answer = await this.slack.as(who).click(where ?? { thread: this.card().ts }, action);
    await this.#heard();
    return answer;
  }

  /** Slack is acknowledged before people read the answer: until they have, as long as that does not take long. */
  async #heard(): Promise<void> {
    await Promise.race([this.#running?.handled?.(), sleep(1000, undefined, { ref: false })]);
  }

  /** The newest request card. */
  card(): Message {
    const tops = this.slack.messages().filter(({ ts, thread_ts }) => (thread_ts ?? ts) === ts);
    // What is no promotion’s stands in the channel by itself.
    const card = tops.findLast(({ metadata }) => metadata?.event_payload['promotion'] !== '');
    if (!card) throw new Error('There is no card in the channel');
    return card;
  }

  /** What stands below the newest card, as people read it; without what is replaced while something moves. */
  thread(): readonly string[] {
    const below = this.slack.thread(this.card().ts).slice(1).map(reads);
    return below.filter((text) => !/^\*(Pushing|Reading|Setting)/.test(text));
  }

  cardText(): string {
    return reads(this.card());
  }

  cardButtons(): readonly string[] {
    return buttons(this.card());
  }

  /** What only this person saw, oldest first; without the first sign of life. */
  told(who: string): readonly string[] {
    return this.slack
      .ephemerals(who)
      .map(reads)
      .filter((text) => !text.startsWith('Looking for the build'));
  }

  /** The files below the newest card, by name. */
  files(): Readonly<Record<string, string>> {
    const files = this.slack.thread(this.card().ts).flatMap((message) => message.files ?? []);
    return Object.fromEntries(
      files.map(({ id, name }) => [name, this.slack.file(id)?.bytes?.toString() ?? '']),
    );
  }

  /** The newest promotion, once it is in one of these states and Slack has everything. */
  async until(...states: readonly State[]): Promise<Promotion> {
    return this.#poll(`a promotion that is ${states.join(' or ')}`, async () => {
      const [newest] = await this.store.list({ limit: 1 });
      if (!newest || !states.includes(newest.state)) return undefined;
      return (await this.store.outbox.next()) ? undefined : newest;
    });
  }

  /** Waits until nothing is due any more. Gives the newest promotion. */
  async rest(): Promise<Promotion | undefined> {
    const found = await this.#poll('a rest', async () => {
      const busy = await this.store.list({ states: hasWork, limit: 10 });
      if (busy.length > 0 || (await this.store.outbox.next())) return undefined;
      const [newest] = await this.store.list({ limit: 1 });
      return { newest };
    });
    return found.newest;
  }

  async #poll<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + this.patience;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) {
        const { workspace } = this.slack.parts.stage;
        const seen = [...this.slack.messages(), ...workspace.ephemerals.values()];
        const said = seen.map(reads).join('\n---\n');
        throw new Error(`Waited in vain for ${what}. People saw:\n${said}\n${this.log.join('')}`);
      }
      await sleep(10);
    }
  }

  /** What was written to the registry since the scenario began. */
  writes(): readonly string[] {
    return this.outside.registry.requests
      .slice(this.#since)
      .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
      .map(({ method, path }) => `${method} ${path}`);
  }

  /** Waits until the bot has held its log against the channel, and written down which bot it is. */
  async introduced(): Promise<void> {
    const kinds = ['introduced'];
    for (;;) {
      if ((await Array.fromAsync(this.store.events({ kinds }))).length > 0) return;
      await sleep(10);
    }
  }

  /** The audit log, without which bot it is that writes it. */
  async events(): Promise<readonly ChainedEvent[]> {
    const events = await Array.fromAsync(this.store.events());
    return events.filter(({ kind }) => kind !== 'introduced');
  }

  /** Kinds of the audit log, in order. */
  async kinds(): Promise<readonly string[]> {
    return (await this.events()).map(({ kind }) => kind);
  }

  /** Reasons of the refusals and failures in the audit log. */
  async reasons(): Promise<readonly string[]> {
    return (await this.events()).flatMap(({ data }) => {
      const { reason, refusal } = data as { reason?: string; refusal?: { reason: string } };
      return reason ?? refusal?.reason ?? [];
    });
  }

  /** Every byte that the bot has on disk. */
  async disk(): Promise<Buffer> {
    const files = (await readdir(this.folder)).filter((name) => name !== 'dockerhub.sops.yml');
    return Buffer.concat(await Promise.all(files.map((name) => readFile(join(this.folder, name)))));
  }
}
