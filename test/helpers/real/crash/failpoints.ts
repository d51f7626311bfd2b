import type { Pass } from './pass.ts';
import { appendFileSync, writeFileSync, writeSync } from 'node:fs';
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { breakGuard } from './broken.ts';
import { watchHttp } from './http-effects.ts';
import { watchProcesses } from './process-effects.ts';
import { watchSql } from './sql-effects.ts';

/**
 * Loaded before `src/main.ts` (`node --import`): loads everything that the bot is made of, says `warm`, and lets it
 * begin when it is told to. Then it watches the edges of the process — every request, every commit, every child — and
 * kills the process before or after the one that it was told. The bot itself knows nothing of it.
 */
export interface Orders {
  /** `before slack.chat.postMessage`, … */
  readonly at?: string | undefined;
  /** At which passing of it. */
  readonly passing?: number | undefined;
  /** What befalls it there: SIGKILL unless told. */
  readonly signal?: 'SIGKILL' | 'SIGSTOP' | undefined;
  /** A file that the first of several bots makes, with its pid: only that one is struck. */
  readonly once?: string | undefined;
  /** A file for the names of what was passed. */
  readonly record?: string | undefined;
}

const broken = process.env['CRASH_BROKEN'];
if (broken) breakGuard(broken);

const parts = ['flow/bot', 'composition', 'service/load-config', 'service/log', 'service/metrics'];
const edges = ['slack/app', 'slack/client', 'slack/delivery', 'slack/people', 'store/store'];
for (const part of [...parts, ...edges]) await import(`../../../../src/${part}.ts`);
// Node writes what it compiled when it ends, and these do not end: each would compile everything again.
flushCompileCache();

const orders = await take();
let passed = 0;

const pass: Pass = (when, effect) => {
  const name = `${when} ${effect}`;
  if (orders.record) appendFileSync(orders.record, `${name}\n`);
  if (name !== orders.at) return;
  passed += 1;
  if (passed !== (orders.passing ?? 1) || !isFirst()) return;
  process.kill(process.pid, orders.signal ?? 'SIGKILL');
};

function isFirst(): boolean {
  if (orders.once === undefined) return true;
  try {
    writeFileSync(orders.once, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

watchHttp(pass);
watchProcesses(pass);
watchSql(pass);

async function take(): Promise<Orders> {
  writeSync(1, 'warm\n');
  const [line] = (await once(process.stdin, 'data')) as [Buffer];
  process.stdin.destroy();
  return JSON.parse(line.toString()) as Orders;
}
