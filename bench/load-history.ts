import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '../local/rig/postgres.ts';
import { startSoak, type Soak } from '../local/rig/soak-bot.ts';
import { keyVariable } from '../local/rig/key.ts';
import { measureLookups } from './load-growth.ts';
import { workOf } from './load-process.ts';
import { printTable } from './load-table.ts';

/** Promotions in the history, one measurement each: HISTORY=100,1000,10000. */
const sizes = (process.env['HISTORY'] ?? '100,1000,10000').split(',').map(Number);
const together = 50;

/** How what people and operators look up grows with the history, on both databases. */
export async function benchHistory(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-image-history-'));
  const postgres = await startPostgres();
  try {
    await measure('SQLite', `sqlite:${join(folder, 'history.sqlite')}`, folder);
    const database = await postgres.database();
    await measure('PostgreSQL', database.url, folder);
  } finally {
    await postgres.close();
    await rm(folder, { recursive: true });
  }
}

async function measure(name: string, url: string, folder: string): Promise<void> {
  const soak = await startSoak({ database: url, seed: 1, faults: 0 });
  const columns: Record<string, Readonly<Record<string, string>>> = {};
  let made = 0;
  try {
    for (const size of sizes) {
      const begun = performance.now();
      for (; made < size; made += together) await soak.batch(Math.min(together, size - made));
      await soak.drained();
      const seconds = (performance.now() - begun) / 1000;
      process.stderr.write(
        `${name}: ${size} promotions, the last of them in ${seconds.toFixed()} s\n`,
      );
      columns[String(size)] = await column(soak, url, folder);
    }
  } finally {
    await soak.stop();
  }
  printTable(`${name}, promotions in the history`, columns);
}

async function column(soak: Soak, url: string, folder: string) {
  const took = await measureLookups(soak);
  const verify = await auditVerify(url, folder);
  const texts = Object.entries(took).map(([what, ms]) => [what, `${ms.toFixed(1)} ms`]);
  return {
    ...(Object.fromEntries(texts) as Record<string, string>),
    'audit verify, the whole program': `${verify.seconds.toFixed(1)} s`,
    'its processor time': `${verify.work.toFixed(1)} s`,
    'its peak memory': `${verify.peak.toFixed()} MiB`,
    events: String(verify.events),
    ...(url.startsWith('sqlite:') ? { 'database file': await sizeOf(url.slice(7)) } : {}),
  };
}

async function sizeOf(file: string): Promise<string> {
  return `${((await stat(file)).size / 2 ** 20).toFixed()} MiB`;
}

/** As the operator runs it, beside the bot. */
async function auditVerify(url: string, folder: string) {
  const policy = join(folder, 'policy.yml');
  await writeFile(policy, readFileSync(new URL('../config/promote-image.yml', import.meta.url)));
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  const key = keyVariable(url);
  const env = {
    PATH: process.env['PATH'],
    DATABASE_URL: url,
    PROMOTE_IMAGE_CONFIG: policy,
    ...key,
  };
  const begun = performance.now();
  const worked = workOf(process.pid);
  const child = spawn(process.execPath, [cli, 'audit', 'verify'], { env, cwd: folder });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  let peak = 0;
  const watch = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), 20);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`audit verify ended with ${String(code)}: ${said}`);
  const events = Number(/(\d+) events/.exec(said)?.[1]);
  const seconds = (performance.now() - begun) / 1000;
  return { seconds, work: workOf(process.pid) - worked, peak, events };
}

/** The most memory that a process has had so far, in MiB. */
function peakOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await benchHistory();
