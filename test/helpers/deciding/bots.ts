import { createBot } from '../../../src/flow/bot.ts';
import type { Bot, Push } from '../../../src/ports.ts';
import { PromotionError, refuse } from '../../../src/domain/errors.ts';
import type { Store } from '../../../src/store-port.ts';
import type { Reason } from '../../../src/domain/reasons.ts';
import type { FreshDatabase } from '../store/fresh.ts';
import { without, type Guard } from './broken-stores.ts';
import type { Fate } from './model.ts';
import { digestOf, policyOf, portsOf } from './outside.ts';
import { free } from '../../../local/rig/free-holding.ts';

export interface BotsOptions {
  readonly database: FreshDatabase;
  /** PostgreSQL lets each bot have its own connection to the database; SQLite is one process’s. */
  readonly hasReplicas: boolean;
  readonly missing?: Guard | undefined;
}

const begin = Date.parse('2026-11-23T08:00:00.000Z');
const hour = 3_600_000;

/** By how many must approve. */
const policies = [1, 1, 2].map((required) => policyOf({ required }));

/** Four bots on one database, which may be dropped and made again; with what they did, as it is seen outside. */
export class Bots {
  readonly #options: BotsOptions;
  #stores: Store[] = [];
  #bots: Bot[] = [];
  /** Why clicks and lines were refused, each once, in order. */
  refusals: Reason[] = [];
  /** The tag of each push that began, in order. */
  runs: string[] = [];
  readonly published = new Set<string>();
  group: ReadonlySet<string> = new Set();
  required = 1;
  now = 0;
  fate: Fate = 'succeeds';
  newId: () => string = () => '';
  /** Who looks somebody up waits for this. */
  gate: Promise<void> | undefined;
  onLookUp: () => void = () => {};
  onCrash: () => void = () => {};
  /** Somebody clicks Stop. */
  onStop: () => Promise<void> = async () => {};

  private constructor(options: BotsOptions) {
    this.#options = options;
  }

  static async start(options: BotsOptions): Promise<Bots> {
    const bots = new Bots(options);
    await bots.#open(0);
    for (let n = 1; n < 4 && options.hasReplicas; n += 1) await bots.#open(n);
    bots.configure(1);
    return bots;
  }

  get store(): Store {
    return this.#stores[0]!;
  }

  bot(n: number): Bot {
    return this.#bots[n]!;
  }

  /** Every bot anew, as after a restart with another policy. */
  configure(required: number): void {
    this.required = required;
    this.#bots = [0, 1, 2, 3].map((n) => this.#make(n));
  }

  /** This bot is gone, with whatever it was doing; a new one takes its place. With SQLite it takes all with it. */
  async crash(n: number): Promise<void> {
    const at = this.#options.hasReplicas ? n : 0;
    await this.#stores[at]!.close();
    await this.#open(at);
    this.configure(this.required);
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }

  #date(): Date {
    return new Date(begin + this.now * hour);
  }

  async #open(n: number): Promise<void> {
    this.#stores[n] = await this.#options.database.open({ now: () => this.#date() });
  }

  #make(n: number): Bot {
    const given = this.#stores[this.#options.hasReplicas ? n : 0]!;
    const store = without(this.#options.missing, given);
    return createBot({
      policy: policies[this.required]!,
      ports: {
        ...portsOf({
          engine: (push) => this.#push(push),
          group: () => [...this.group],
          isPublished: (tag) => this.published.has(tag),
          onLookUp: async () => {
            const { gate } = this;
            this.onLookUp();
            await gate;
          },
        }),
        store: { ...store, note: (note) => this.#note(note, store) },
      },
      now: () => this.#date(),
      newId: () => this.newId(),
      holding: free,
      log: () => {},
      signal: new AbortController().signal,
    });
  }

  async #note(note: Parameters<Store['note']>[0], store: Store) {
    const noted = await store.note(note);
    const { reason } = note.event.data as { reason?: Reason };
    if (noted.outcome === 'noted' && note.event.kind === 'refused' && reason)
      this.refusals.push(reason);
    return noted;
  }

  async #push({ target: { tag }, beforeTag }: Push): Promise<void> {
    const { fate } = this;
    this.runs.push(tag);
    if (fate === 'fails') throw new PromotionError(refuse('interrupted', {}));
    if (fate === 'refuses')
      throw new PromotionError(refuse('tag-taken', { target: tag, digest: 'another' }));
    if (fate === 'crash') await this.#crashed();
    if (fate === 'stopped') await this.onStop();
    if (!this.published.has(tag)) await beforeTag(digestOf(tag));
    if (fate === 'too-late') await this.onStop();
    if (fate === 'crash-tagging') await this.#crashed();
    this.published.add(tag);
    if (fate === 'crash-tagged') await this.#crashed();
  }

  #crashed(): Promise<never> {
    this.onCrash();
    return new Promise(() => {});
  }
}
