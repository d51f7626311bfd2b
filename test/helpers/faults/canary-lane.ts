import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Step } from '../../../local/registry/faults.ts';
import { exportLine } from '../../../src/domain/audit.ts';
import type { Outside } from '../../../local/rig/outside.ts';
import { people } from '../../../local/rig/people.ts';
import { World } from '../scenarios/world.ts';
import { found, foundBelow, watchProcesses, type Watch } from './canary-watch.ts';
import { freePort } from '../../../local/rig/free-port.ts';

export type Transport = 'socket' | 'http';

/** What happens on the way. */
export interface Moments {
  /** Before it is asked for. */
  readonly before?: (lane: CanaryLane) => unknown;
  /** When its plan stands, before it is approved. */
  readonly planned?: (lane: CanaryLane) => unknown;
  /** When it is approved. */
  readonly approved?: (lane: CanaryLane) => unknown;
}

const realSops = fileURLToPath(new URL('../../../local/bin/sops', import.meta.url));

/** The bot as a process of its own with secrets that are looked for everywhere, for some promotions one after the other. */
export class CanaryLane {
  readonly outside: Outside;
  readonly world: World;
  readonly canaries: Readonly<Record<string, string>>;
  /** The folder of its sops. */
  readonly bin: string;
  /** Where a secret was seen, and what of. */
  readonly hits = new Set<string>();
  /** Command lines of the children that were seen. */
  readonly seen = new Set<string>();
  readonly #folders: readonly string[];
  #watch: Watch;
  #begun = 0;

  private constructor(given: {
    readonly outside: Outside;
    readonly world: World;
    readonly canaries: Readonly<Record<string, string>>;
    readonly folders: readonly [bin: string, temporary: string, home: string];
  }) {
    const [bin, ...folders] = given.folders;
    this.outside = given.outside;
    this.world = given.world;
    this.canaries = given.canaries;
    this.bin = bin;
    this.#folders = [given.world.folder, ...folders];
    this.#watch = watchProcesses(given.world.pid, given.canaries);
  }

  /** `more` goes into the bot’s environment besides. */
  static async start(
    outside: Outside,
    { transport, more = {} }: { transport: Transport; more?: Readonly<Record<string, string>> },
  ): Promise<CanaryLane> {
    const name = randomBytes(4).toString('hex');
    const [bin, temporary, home] = ['bin', 'tmp', 'home'].map((kind) =>
      join(outside.folder, `${kind}-${name}`),
    ) as [string, string, string];
    await Promise.all([bin, temporary, home].map((folder) => mkdir(folder)));
    const github = `gh "%+/\\é${randomBytes(12).toString('base64')}`;
    const child = {
      GITHUB_TOKEN: github,
      PORT: String(await freePort()),
      ...(transport === 'http' ? { OPS_PORT: String(await freePort()) } : {}),
      TMPDIR: temporary,
      HOME: home,
      PATH: `${bin}:${outside.env['PATH']}`,
      ...more,
    };
    await writeSops(bin, outside, 'exec_real "$@"');
    const world = await World.start(outside, { child, transport });
    // Some of what fails is tried again for long, and there may be two bots at work.
    world.patience = 90_000;
    const ageKey = /AGE-SECRET-KEY-\w+/.exec(await readFile(outside.age.file, 'utf8'));
    const canaries = {
      password: outside.credentials.password.reveal(),
      'bot token': world.slack.botToken,
      ...(transport === 'http'
        ? { 'signing secret': world.slack.signingSecret }
        : { 'app token': world.slack.appToken }),
      'GitHub token': github,
      'bearer token': `bearer-${randomBytes(18).toString('base64url')}`,
      'age key': ageKey?.[0] ?? 'none',
    };
    return new CanaryLane({ outside, world, canaries, folders: [bin, temporary, home] });
  }

  /** From now on sops is this shell script; `exec_real` runs the real one, `$CANARY` is the password. */
  sops(script: string): Promise<void> {
    return writeSops(this.bin, this.outside, script);
  }

  /** One promotion with this trouble; where it failed, once more without. Gives how it ended. */
  async run({ before, planned, approved }: Moments): Promise<string> {
    const { world, outside } = this;
    this.#begun = outside.registry.requests.length;
    const { revision } = await outside.build('build-decision');
    await before?.(this);
    await world.ask(people.alice, `build-decision ${revision}`);
    const first = await world.until('pending', 'refused');
    if (first.state === 'refused') return this.#end('refused');
    await planned?.(this);
    await world.click(people.bob, 'approve');
    await approved?.(this);
    // Somebody whose account Slack does not tell is no approver: the click was refused.
    const ended = await world.until('failed', 'reported', 'refused', 'pending');
    await this.#heal();
    if (ended.state === 'pending') await world.click(people.carol, 'approve');
    if (ended.state === 'failed') await world.click(people.alice, 'retry');
    const last = await world.until('failed', 'reported', 'refused');
    return this.#end(ended.state === last.state ? ended.state : `${ended.state}, ${last.state}`);
  }

  async #end(how: string): Promise<string> {
    await this.#heal();
    await this.check();
    return how;
  }

  async #heal(): Promise<void> {
    const { outside, world } = this;
    outside.registry.faults.clear();
    outside.tokens.faults.clear();
    outside.taskcluster.faults.length = 0;
    world.slack.heal();
    await this.sops('exec_real "$@"');
    await world.encrypt();
  }

  /** Waits for a request of that step in this run; `false` where the push needs none. */
  async arrives(step: Step): Promise<boolean> {
    for (let look = 0; look < 400; look += 1) {
      const since = this.outside.registry.requests.slice(this.#begun);
      if (since.some((request) => request.step === step)) return true;
      const [newest] = await this.world.store.list({ limit: 1 });
      if (newest?.state === 'reported') return false;
      await sleep(10);
    }
    return false;
  }

  async restart(): Promise<void> {
    await this.#stopWatching();
    await this.world.run();
    this.#watch = watchProcesses(this.world.pid, this.canaries);
  }

  async #stopWatching(): Promise<void> {
    await this.#watch.stop();
    for (const hit of this.#watch.hits) this.hits.add(hit);
    for (const one of this.#watch.seen) this.seen.add(one);
  }

  /** Everything that stays and everything that passed, so far. */
  async check(): Promise<void> {
    const { world } = this;
    await world.rest();
    const log = await Array.fromAsync(world.store.events());
    this.#look('the exported audit log', log.map(exportLine).join('\n'));
    this.#look('Slack’s traffic', JSON.stringify(world.slack.transcript()));
    this.#look('the health pages', await world.health());
    this.#look('an HTTP error', await this.#forged());
    await this.checkFolders();
    for (const hit of this.#watch.hits) this.hits.add(hit);
  }

  /** Database with its journals, log, temporary files, home. */
  async checkFolders(): Promise<void> {
    for (const folder of this.#folders)
      for (const hit of await foundBelow(folder, this.canaries)) this.hits.add(hit);
  }

  #look(where: string, text: string): void {
    for (const name of found(text, this.canaries)) this.hits.add(`${name} in ${where}`);
  }

  /** What the bot answers to somebody who is not Slack. */
  async #forged(): Promise<string> {
    const body = `payload=${'x'.repeat(100)}`;
    const headers = { 'x-slack-signature': 'v0=00', 'x-slack-request-timestamp': '1' };
    const answered = await fetch(this.world.requestUrl, { method: 'POST', body, headers });
    return `${JSON.stringify([...answered.headers])} ${await answered.text()}`;
  }

  async stop(): Promise<void> {
    await this.#stopWatching();
    await this.world.stop();
    await this.world.slack.stop();
    await this.checkFolders();
    await rm(this.world.folder, { recursive: true, force: true });
  }
}

async function writeSops(bin: string, outside: Outside, script: string): Promise<void> {
  const canary = outside.credentials.password.reveal().replaceAll("'", "'\\''");
  const real = `exec_real() { exec '${process.execPath}' '${realSops}' "$@"; }`;
  const file = join(bin, 'sops');
  await rm(file, { force: true });
  // Which version it is, it always tells: else nothing else would be asked of it.
  const asked = '[ "$1" = --version ] && exec_real "$@"';
  await writeFile(file, `#!/bin/sh\nCANARY='${canary}'\n${real}\n${asked}\n${script}\n`);
  await chmod(file, 0o755);
}
