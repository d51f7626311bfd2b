import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Orders } from './failpoints.ts';

/** The bot as its own process: `src/main.ts` as it is, with {@link Orders} of when to be killed. */
export class Life {
  readonly process: ChildProcess;
  /** The newest lines that it logged. */
  readonly log: string[] = [];
  /** How it ended: the exit code, or the signal. */
  readonly ended: Promise<number | string>;
  readonly #warm: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();

  /** Loads everything and waits. `env` is the bot’s whole environment. */
  constructor(env: Readonly<Record<string, string>>) {
    const paths = ['./failpoints.ts', '../../../src/main.ts'].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    );
    this.process = spawn(process.execPath, ['--import', ...paths], { env });
    this.ended = once(this.process, 'exit').then(
      ([code, signal]: unknown[]) => (code ?? signal) as number | string,
    );
    const warm = Promise.withResolvers<void>();
    this.#warm = warm.promise;
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        if (text.startsWith('warm\n')) warm.resolve();
        if (text.includes('"msg":"ready"')) this.#ready.resolve();
        this.log.push(text);
        if (this.log.length > 200) this.log.shift();
      });
    }
    void this.ended.then((how) => {
      const error = new Error(`The bot ended with ${how}:\n${this.log.join('')}`);
      warm.reject(error);
      this.#ready.reject(error);
    });
    this.#warm.catch(() => undefined);
    this.#ready.promise.catch(() => undefined);
  }

  /** Lets it begin. */
  async begin(orders: Orders = {}): Promise<void> {
    await this.#warm;
    this.process.stdin?.write(`${JSON.stringify(orders)}\n`);
  }

  /** Resolves when it takes what people do. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** What it logged at level error. */
  errors(): readonly string[] {
    const lines = this.log.join('').split('\n');
    return lines.filter((line) => line.includes('"level":50'));
  }

  /** Ends it, and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | string> {
    this.process.kill(signal);
    return this.ended;
  }

  /** Kills it after so many milliseconds, unless it has ended by then. Gives whether it had. */
  async killAfter(ms: number): Promise<boolean> {
    const stop = new AbortController();
    const late = sleep(ms, 'late' as const, { signal: stop.signal }).catch(() => 'late' as const);
    const how = await Promise.race([this.ended, late]);
    stop.abort();
    if (how === 'late') await this.kill();
    return how !== 'late';
  }
}

/** One bot after the other; the next is loaded while the present one runs. */
export class Lives {
  readonly #env: Readonly<Record<string, string>>;
  #next: Life;

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = env;
    this.#next = new Life(env);
  }

  async begin(orders: Orders = {}): Promise<Life> {
    const life = this.#next;
    await life.begin(orders);
    this.#next = new Life(this.#env);
    return life;
  }

  async close(): Promise<void> {
    await this.#next.kill();
  }
}
