import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../../src/store-port.ts';
import { buttons } from '../scenarios/reading.ts';
import type { Outside } from '../../../local/rig/outside.ts';
import { people } from '../../../local/rig/people.ts';
import { World } from '../scenarios/world.ts';
import { BreakingSqlite, type Trouble } from './breaking-sqlite.ts';

const { alice, bob } = people;
const name = 'mozillareleases/build-decision';

/** Where a promotion's database breaks, and how. */
export interface Break {
  readonly before: string;
  readonly nth?: number;
  readonly trouble: Trouble;
}

/** The bot with something else in the place of its store. */
export type Sabotage = (real: Store) => Store;

export interface Ran {
  /** Effects without a committed row, things twice, and what is missing at the end. */
  readonly violations: readonly string[];
  /** Writes that the database did not take. */
  readonly failures: number;
  readonly decrypted: number;
  /** Every write of the run, in order. */
  readonly writes: readonly string[];
}

/** How long the database stays broken, in milliseconds: longer than the bot's beat. */
const outage = 1200;

/**
 * One promotion whose database breaks at that point and is healed after a while. People do what people do: they type
 * or click again where they were told that nothing was done. `sabotage` is put in the place of the store.
 */
export async function promoteThrough(
  outside: Outside,
  at: Break | undefined,
  sabotage?: Sabotage,
): Promise<Ran> {
  const run = await Run.start(outside, sabotage);
  try {
    return await run.promote(at);
  } catch (error) {
    return run.stuck(error);
  } finally {
    await run.end();
  }
}

class Run {
  readonly #world: World;
  readonly #breaking: BreakingSqlite;
  readonly #violations: string[] = [];
  readonly #outside: Outside;
  #decrypted = 0;

  private constructor(outside: Outside, world: World, breaking: BreakingSqlite) {
    this.#outside = outside;
    this.#world = world;
    this.#breaking = breaking;
  }

  static async start(outside: Outside, sabotage?: Sabotage): Promise<Run> {
    // The bot is there before the run is: what it does first is only told on.
    let run: Run | undefined;
    const world = await World.start(outside, {
      steadyTrees: true,
      store: sabotage,
      ports: ({ secrets, engine }) => ({
        secrets: () => {
          run?.onDecrypt();
          return secrets();
        },
        engine: (push) => {
          run?.onPush();
          return engine(push);
        },
      }),
    });
    world.expectsErrors = true;
    const file = join(world.folder, 'promote-image.sqlite');
    run = new Run(outside, world, new BreakingSqlite(file));
    return run;
  }

  async end(): Promise<void> {
    this.#breaking[Symbol.dispose]();
    await this.#world.stop();
    await this.#world.end().catch(() => undefined);
  }

  async promote(at: Break | undefined): Promise<Ran> {
    const world = this.#world;
    const { revision } = await this.#outside.build('build-decision');
    if (at) this.#breaking.breakBefore(at.before, at.trouble, at.nth);
    const ended = new AbortController();
    const healed = at ? this.#healLater(ended.signal) : Promise.resolve();
    await this.#insist(
      () => world.ask(alice, `build-decision ${revision}`),
      async () => (await world.store.list({ limit: 1 })).length > 0,
    );
    await this.#insist(
      () => world.click(bob, 'approve'),
      async () => (await world.kinds()).includes('approved'),
      'pending',
    );
    const impatience = setInterval(() => void world.later(10_000).catch(() => undefined), 200);
    try {
      await world.until('reported');
    } finally {
      clearInterval(impatience);
      ended.abort();
    }
    await healed;
    await this.#expectOneEnd(revision);
    const { failures, writes } = this.#breaking;
    return { violations: this.#violations, failures, writes, decrypted: this.#decrypted };
  }

  /** It did not come to an end: nobody need know more than where people stood. */
  stuck(error: unknown): Ran {
    const [first = ''] = String(error).split('\n');
    const violations = [...this.#violations, `it got stuck: ${first}`];
    const { failures, writes } = this.#breaking;
    return { violations, failures, writes, decrypted: this.#decrypted };
  }

  /** Does it, and again whenever the person was told that nothing was done. */
  async #insist(
    act: () => Promise<unknown>,
    isDone: () => Promise<boolean>,
    first?: 'pending',
  ): Promise<void> {
    const deadline = Date.now() + 12_000;
    for (let told = 0; Date.now() < deadline;) {
      if (first) await this.#eventually(first);
      if (await isDone()) return;
      await act();
      for (let wait = 0; wait < 40 && !(await isDone()); wait += 1) {
        await sleep(25);
        const answers = [alice, bob].flatMap((who) => this.#world.told(who));
        if (answers.length === told) continue;
        told = answers.length;
        this.#expectWords(answers.at(-1) ?? '');
        break;
      }
      if (!(await isDone())) await sleep(200);
    }
    this.#violations.push('nobody could get on');
  }

  #expectWords(answer: string): void {
    const right =
      /^The database did not take a change: .+\. Nothing was done; an operator must look/;
    if (!right.test(answer)) this.#violations.push(`a person was told: ${answer}`);
  }

  async #eventually(state: 'pending'): Promise<void> {
    const impatience = setInterval(
      () => void this.#world.later(10_000).catch(() => undefined),
      200,
    );
    try {
      for (let wait = 0; wait < 400; wait += 1) {
        const [newest] = await this.#world.store.list({ limit: 1 });
        if (newest && newest.state !== 'asked') break;
        await sleep(25);
      }
      const isCardThere = () =>
        this.#world.slack.messages().some((message) => buttons(message).includes('approve'));
      for (let wait = 0; wait < 400 && !isCardThere(); wait += 1) await sleep(25);
      if (!isCardThere()) this.#violations.push(`never ${state} for people`);
    } finally {
      clearInterval(impatience);
    }
  }

  /** Unless the promotion ends without ever getting there, or in spite of it. */
  async #healLater(ended: AbortSignal): Promise<void> {
    while (!this.#breaking.isBroken && !ended.aborted) await sleep(5);
    if (ended.aborted) return;
    await sleep(outage);
    this.#expectRows();
    if (!this.#world.log.some((line) => line.includes('"reason":"database-failed"')))
      this.#violations.push('the log says nothing');
    this.#breaking.heal();
  }

  onDecrypt(): void {
    this.#decrypted += 1;
    const rows = this.#committed(`select count(*) as n from event where kind = 'decrypting'`);
    if (rows < this.#decrypted) this.#violations.push('decrypted without a row');
  }

  onPush(): void {
    const rows = this.#committed(`select count(*) as n from promotion where state = 'pushing'`);
    if (rows < 1) this.#violations.push('pushed without a row');
  }

  /** What is in Slack was in the outbox before, claimed. */
  #expectRows(): void {
    const messages = this.#world.slack.messages();
    // What Slack makes of an upload has no metadata.
    const files = messages.filter((message) => message.files).length;
    const uploads = `select count(*) as n from outbox where kind = 'file' and attempts > 0`;
    if (files > this.#committed(uploads)) this.#violations.push('uploaded without a row');
    for (const { metadata } of messages.filter((message) => !message.files)) {
      const key = metadata?.event_payload['key'];
      const query = `select count(*) as n from outbox where key = '${String(key)}' and attempts > 0`;
      if (this.#committed(query) !== 1) this.#violations.push('posted without a row');
    }
  }

  /** As another program sees it: what is committed. */
  #committed(query: string): number {
    const reader = new DatabaseSync(this.#breaking.file, { readOnly: true });
    const row = reader.prepare(query).get();
    reader.close();
    return Number(row?.['n']);
  }

  async #expectOneEnd(revision: string): Promise<void> {
    const world = this.#world;
    this.#expectRows();
    const thread = world.thread();
    const once = [
      /^Proven:/,
      /Approved by/,
      /^Nothing changed since/,
      /\*Published\*/,
      /^Patch for/,
    ];
    for (const words of once) {
      const count = thread.filter((text) => words.test(text)).length;
      if (count !== 1) this.#violations.push(`${String(words)} was told ${count} times`);
    }
    if (!world.cardText().includes('*Published*')) this.#violations.push('the card does not know');
    const [promotion] = await world.store.list({ limit: 1 });
    const tag = this.#outside.registry.store.repository(name).tags.get(revision);
    const digest = promotion && 'pushed' in promotion ? promotion.pushed?.digest : undefined;
    if (!tag || tag !== digest) this.#violations.push(`the tag is ${tag}, recorded is ${digest}`);
    const decrypting = (await world.kinds()).filter((kind) => kind === 'decrypting').length;
    if (decrypting < this.#decrypted) this.#violations.push('more decrypted than recorded');
    await world
      .end()
      .catch((error: unknown) => this.#violations.push(String((error as Error).message)));
  }
}
