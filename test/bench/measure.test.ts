import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { measure, type Measured } from '../../bench/measure.ts';
import { ratios, spreadOf } from '../../bench/statistics.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'measure-'));
});
afterEach(() => rm(folder, { recursive: true }));

function run(
  script: string,
  doneAt: 'end' | 'first line' = 'end',
  signal = never,
): Promise<Measured> {
  const env = { PATH: process.env['PATH'] ?? '', NODE: process.execPath };
  const command = { file: 'sh', args: ['-euc', script], env, folder, doneAt };
  return measure(command, { services: [], daemons: [], signal });
}
const never = new AbortController().signal;

/** Half a second of a processor. */
const burn = `"$NODE" -e 'const used = () => { const { user, system } = process.cpuUsage(); return user + system };
while (used() < 500_000) for (let i = 0; i < 1e6; i += 1);'`;

test('what a program has others do counts as its own: processor time, memory, files', async () => {
  const idle = await run('sleep 0.2');
  const burning = await run(`${burn} | cat; head -c 5000000 /dev/urandom > file; sleep 0.2`);
  expect(burning.cpu).toBeGreaterThan(0.45);
  expect(idle.cpu).toBeLessThan(0.3);
  expect(burning.memory).toBeGreaterThan(20 * 2 ** 20);
  expect(idle.memory).toBeLessThan(20 * 2 ** 20);
  expect(burning.disk).toBeGreaterThanOrEqual(5_000_000);
  expect(idle.disk).toBe(0);
});

test('a program that answers is done with its answer, and measured to its end', async () => {
  const { wall, output } = await run('echo done; sleep 1', 'first line');
  expect(output).toBe('done\n');
  expect(wall).toBeLessThan(1);
});

test('a program that fails is no measurement', async () => {
  await expect(run('echo why >&2; exit 3')).rejects.toThrow(/ended with 3: why/);
});

test('when the bench is ended, so is everything that it has started', async () => {
  const stop = new AbortController();
  const running = run('sleep 30 | cat', 'end', stop.signal);
  setTimeout(() => stop.abort(), 200);
  const start = performance.now();
  await expect(running).rejects.toThrow(/ended with/);
  expect(performance.now() - start).toBeLessThan(10_000);
});

test('ratios are those of each round, and the middle of them', () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, least: 1, most: 5 });
  expect(spreadOf([4, 2])).toEqual({ median: 3, least: 2, most: 4 });
  // A round that was twice as slow for both has the same ratio.
  expect(ratios([1, 2, 1], [2, 4, 2])).toEqual({ median: 0.5, least: 0.5, most: 0.5 });
});
