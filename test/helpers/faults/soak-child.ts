import { spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startSoak } from '../../../local/rig/soak-bot.ts';

/** Works through promotions in a process of its own, and prints what that costs: a line of JSON each time. */

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    promotions: { type: 'string', default: '0' },
    every: { type: 'string', default: '100' },
    /** What this build loses on purpose with every promotion. */
    leak: { type: 'string', default: '' },
  },
});
const together = 20;
const [promotions, every] = [Number(values.promotions), Number(values.every)];
const kept: unknown[] = [];

// A share of the calls that makes about one promotion in twenty meet a fault of each kind.
const soak = await startSoak({
  database: values.database,
  seed: Number(values.seed),
  faults: 0.05,
});
for (let made = 0; made < promotions; made += together) {
  await soak.batch(together);
  lose();
  if ((made + together) % every === 0) await sample(made + together);
}
await soak.drained();
const problems = await soak.problems();
const { ended, slack } = soak;
await soak.stop();
process.stdout.write(
  `${JSON.stringify({ ended, problems, posts: slack.posts, calls: slack.calls, ...held() })}\n`,
);
process.exit(0);

/** After everything was told, and with nothing in memory but what something still holds. */
async function sample(made: number): Promise<void> {
  await soak.drained();
  for (let n = 0; n < 3; n += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc?.();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const memory = { rss: inMebibytes(rss), live: inMebibytes(heapUsed + external) };
  process.stdout.write(`${JSON.stringify({ made, ...memory, ...held(), stored: stored() })}\n`);
}

function held() {
  return {
    files: readdirSync('/proc/self/fd').length,
    children: childrenOf(process.pid).length,
  };
}

/** Zombies too: a child is one until somebody has waited for it. */
function childrenOf(pid: number): readonly string[] {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean),
  );
}

function stored(): number {
  const file = values.database.replace('sqlite:', '');
  return inMebibytes(statSync(file).size + statSync(`${file}-wal`).size);
}

function inMebibytes(bytes: number): number {
  return Math.round((bytes / 2 ** 20) * 100) / 100;
}

function lose(): void {
  if (values.leak.includes('memory')) kept.push(Array.from({ length: 80_000 }, Math.random));
  if (values.leak.includes('files')) kept.push(openSync('/dev/null', 'r'));
  if (values.leak.includes('children')) spawn('sleep', ['60'], { stdio: 'ignore' }).unref();
}
