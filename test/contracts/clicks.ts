import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/domain/audit.ts';
import type { Store } from '../../src/store-port.ts';
import { clickAround, clickedBot, type Clicking } from '../helpers/deciding/clicking.ts';
import type { Guard } from '../helpers/deciding/broken-stores.ts';
import { revisionOf } from '../helpers/deciding/outside.ts';
import { accountOf, accounts, isSecondPerson } from '../helpers/deciding/people.ts';
import { seedFrom } from '../../local/rig/random.ts';
import type { FreshDatabase } from '../helpers/store/fresh.ts';

/** Clicks on a hundredth as many requests: the short form; the long one sets CLICKS. */
const clicks = Number(process.env['CLICKS'] ?? 1_000);
const seed = seedFrom('CLICKS_SEED');
const requesters = [accounts.alice, accounts.bob, accounts.carolGrid, accounts.nobody];

interface Storm {
  readonly clicks: number;
  readonly requests: number;
  readonly required: number;
  readonly missing?: Guard | undefined;
}

/**
 * Everybody clicks Approve on everything at once, the requesters too, with the decisions as the bot makes them.
 * `processes` share one database; with one, the clicks come at once in this process.
 */
export function clicksContract(
  name: string,
  { fresh, processes }: { fresh: () => Promise<FreshDatabase>; processes: number },
): void {
  const from = processes > 1 ? `${processes} processes` : 'one process, many at once';

  describe(`${name}: approve clicks from ${from}`, () => {
    it.each([1, 2])(
      `${clicks} clicks, where %d must approve: each request is pushed once, and none by its own requester`,
      async (required) => {
        const storm = { clicks, requests: Math.ceil(clicks / 100), required };
        const found = await violations(storm, processes, fresh);
        expect(found).toEqual([]);
      },
      3_600_000,
    );

    it.each(controls.filter(({ guard }) => processes > 1 || guard !== 'hold'))(
      'are seen to do harm without the $guard',
      async ({ guard, harm, ...sizes }) => {
        const storm = { ...sizes, required: 1, missing: guard };
        const found = await violations(storm, processes, fresh);
        const harmful = found.filter((one) => harm.test(one));
        console.info(`${name} without ${guard}: ${harmful.length} violations, as ${harmful[0]}`);
        expect(harmful).not.toEqual([]);
      },
      120_000,
    );
  });
}

/** Negative controls: what must be found where a guard is missing. Within one process there is no second holder. */
const controls: readonly {
  readonly guard: Guard;
  readonly harm: RegExp;
  readonly clicks: number;
  readonly requests: number;
}[] = [
  { guard: 'second-person', harm: /^U\w+ approved U/, clicks: 400, requests: 40 },
  { guard: 'compare-and-set', harm: /ran \d+ times|events “approved”/, clicks: 400, requests: 4 },
  { guard: 'hold', harm: /is failed|ran \d+ times/, clicks: 480, requests: 24 },
];

async function violations(
  { clicks: all, requests, required, missing }: Storm,
  processes: number,
  fresh: () => Promise<FreshDatabase>,
): Promise<readonly string[]> {
  const database = await fresh();
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-clicks-'));
  const runs = join(folder, 'runs');
  await writeFile(runs, '');
  const store = await database.open({ now: () => new Date() });
  try {
    // All clicks on one request could come at once.
    const clicking = { clicks: all / processes, atOnce: all / requests, required, runs };
    await ask(store, { ...clicking, seed }, requests);
    const begun = performance.now();
    const each = (n: number): Clicking => ({ ...clicking, seed: seed + n, missing });
    if (processes === 1) await clickAround(store, each(0));
    else
      await clickInProcesses(
        database.url,
        Array.from({ length: processes }, (_, n) => each(n)),
      );
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    const ran = (await readFile(runs, 'utf8')).split('\n').filter(Boolean);
    const what = `${all} clicks on ${requests} requests that ${required} must approve`;
    console.info(`${what} (CLICKS_SEED=${seed}): ${ran.length} runs in ${seconds} s`);
    return await judge(store, ran, required);
  } finally {
    await store.close();
    await database.remove();
    await rm(folder, { recursive: true });
  }
}

async function ask(store: Store, clicking: Clicking, requests: number): Promise<void> {
  const bot = clickedBot(store, clicking);
  for (let n = 0; n < requests; n += 1) {
    await bot.onCommand({
      user: requesters[n % requesters.length]!.member.id,
      team: 'T0LOCAL01',
      channel: 'C0IMAGES1',
      envelope: `ask ${n}`,
      text: `build-decision ${revisionOf(n)}`,
    });
  }
  await bot.onTick();
}

async function clickInProcesses(url: string, shares: readonly Clicking[]): Promise<void> {
  const script = fileURLToPath(new URL('../helpers/deciding/clicking-process.ts', import.meta.url));
  const children = shares.map((share) =>
    spawn(process.execPath, [script, url, JSON.stringify(share)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  try {
    await Promise.all(children.map(({ stdout }) => once(stdout, 'data')));
    const ended = children.map((child) => once(child, 'exit'));
    for (const { stdin } of children) stdin.end('go\n');
    for (const [code] of await Promise.all(ended)) expect(code).toBe(0);
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** What is wrong with the end, by what these tests know of the people: not by the bot’s own checks. */
async function judge(
  store: Store,
  ran: readonly string[],
  required: number,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const all = await store.list({ limit: 1000 });
  for (const promotion of all) {
    const { id, requester, state } = promotion;
    if (!('plan' in promotion) || !promotion.plan) {
      wrong.push(`${id} has no plan: it is ${state}`);
      continue;
    }
    const { target, approvals = [] } = { target: promotion.plan.target, ...promotion };
    const times = ran.filter((line) => line.startsWith(`${target.tag} `)).length;
    if (times !== 1) wrong.push(`${id} ran ${times} times`);
    if (state !== 'reported') wrong.push(`${id} is ${state}`);
    for (const { user } of approvals)
      if (!isSecondPerson(user, requester)) wrong.push(`${user} approved ${requester}’s ${id}`);
    const humans = new Set(approvals.map(({ user }) => accountOf(user).human));
    if (humans.size !== required || approvals.length !== required)
      wrong.push(`${id} was approved by ${approvals.map(({ user }) => user).join(', ')}`);
  }
  if (ran.length !== all.length) wrong.push(`${all.length} requests, ${ran.length} runs`);
  const events = await Array.fromAsync(store.events());
  for (const [kind, each] of [
    ['approved', required],
    ['pushing', 1],
    ['promoted', 1],
  ] as const) {
    const count = events.filter((event) => event.kind === kind).length;
    if (count !== each * all.length) wrong.push(`${count} events “${kind}”`);
  }
  const verdict = await verifyLog(events);
  if (!verdict.ok) wrong.push('the audit chain is broken');
  return wrong;
}
