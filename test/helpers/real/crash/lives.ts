import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Orders } from './failpoints.ts';

/** @see https://nodejs.org/api/report.html */
interface Report {
  readonly resourceUsage: unknown;
  readonly javascriptStack: unknown;
  readonly libuv: readonly { readonly is_active?: boolean }[];
  readonly workers?: readonly unknown[];
}

/** The bot as its own process: `src/main.ts` as it is, with {@link Orders} of when to be killed. */
export class Life {
  readonly process: ChildProcess;
  /** The newest lines that it logged. */
  readonly log: string[] = [];
  /** How it ended: the exit code, or the signal. */
  readonly ended: Promise<number | string>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'promote-image-life-'));
  readonly #warm: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();

  /** Loads everything and waits. `env` is the bot’s whole environment. */
  constructor(env: Readonly<Record<string, string>>) {
    const paths = ['./failpoints.ts', '../../../../src/main.ts'].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    );
    const report = ['--report-on-signal', '--report-exclude-network', '--report-exclude-env'];
    const options = [...report, `--report-directory=${this.#folder}`, '--import'];
    this.process = spawn(process.execPath, [...options, ...paths], { env });
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
      rmSync(this.#folder, { recursive: true, force: true });
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

  /** What it waits for, by Node’s own report: for whoever has to find out why it does nothing. */
  async waitsFor(): Promise<string> {
    this.process.kill('SIGUSR2');
    const isWritten = (): boolean => readdirSync(this.#folder).length > 0;
    for (let look = 0; look < 100 && !isWritten(); look += 1) await sleep(100);
    // The file is there before it is whole.
    await sleep(500);
    const [file = ''] = readdirSync(this.#folder);
    const report = JSON.parse(readFileSync(join(this.#folder, file), 'utf8')) as Report;
    const { resourceUsage, javascriptStack, libuv, workers } = report;
    const handles = libuv.filter(({ is_active: isActive }) => isActive);
    return JSON.stringify({ resourceUsage, javascriptStack, handles, workers: workers?.length });
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
