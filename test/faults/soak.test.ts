import { execa } from 'execa';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { freshSqlite } from '../helpers/store/fresh.ts';
import { growing, slope, type Sample } from '../helpers/faults/soak-verdict.ts';
import { counted, isLong } from '../helpers/counts.ts';

/** Promotions, one after another in one process: the short form; SOAK_PROMOTIONS for a long one. */
const promotions = Number(process.env['SOAK_PROMOTIONS'] ?? counted(120, 240));
const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);
/** Memory is what is held, not what the collector has not looked at yet. */
const flags = ['--expose-gc', '--max-semi-space-size=8'];
const child = fileURLToPath(new URL('../helpers/faults/soak-child.ts', import.meta.url));

interface Ended {
  readonly ended: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  readonly posts: number;
  readonly calls: number;
}

async function soak(count: number, leak = '') {
  const fresh = await freshSqlite();
  try {
    const every = Math.max(20, Math.round(count / 500) * 20);
    const options = { database: fresh.url, seed, promotions: count, every, leak };
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    const { stdout } = await execa(process.execPath, [...flags, child, ...args]);
    const lines = stdout.split('\n').map((line) => JSON.parse(line) as unknown);
    return { samples: lines.slice(0, -1) as Sample[], end: lines.at(-1) as Ended };
  } finally {
    await fresh.remove();
  }
}

describe(`${promotions} promotions with faults, seed ${seed}`, () => {
  it('all come to an end, each told once, and leave nothing behind but their rows', async () => {
    const begun = performance.now();
    const { samples, end } = await soak(promotions);
    const seconds = (performance.now() - begun) / 1000;
    const warm = samples.slice(Math.floor(samples.length / 3));
    const slopes = (['live', 'rss', 'stored'] as const).map(
      (what) => `${what} ${slope(warm, what).toFixed(2)}`,
    );
    console.info(
      `${promotions} promotions, seed ${seed}, ${seconds.toFixed()} s: ${JSON.stringify(end)}; MiB for 1,000: ${slopes.join(', ')}`,
    );
    expect(end.problems).toEqual([]);
    expect(Object.values(end.ended).reduce((sum, one) => sum + one, 0)).toBe(promotions);
    // The faults did happen.
    expect(end.calls - end.posts).toBeGreaterThan(promotions / 10);
    expect(growing(samples)).toEqual([]);
  }, 1_800_000);

  it.each(isLong ? ['memory', 'files', 'children'] : ['memory, files, children'])(
    'would be told from a build that loses %s',
    async (leak) => {
      const { samples } = await soak(120, leak);
      const told = growing(samples).join();
      for (const one of leak.split(', ')) {
        expect(told).toMatch(
          { memory: /memory in use/, files: /open files/, children: /children/ }[one] ?? /never/,
        );
      }
    },
    300_000,
  );

  it('would be told from one whose database grows faster and faster', () => {
    const sample = (made: number): Sample => ({
      made,
      rss: 100,
      live: 50,
      files: 20,
      children: 0,
      stored: made / 100 + made ** 2 / 2_000,
    });
    expect(growing(Array.from({ length: 12 }, (_, n) => sample(n * 20))).join()).toMatch(
      /database/,
    );
    const linear = Array.from({ length: 12 }, (_, n) => ({ ...sample(n * 20), stored: n }));
    expect(growing(linear)).toEqual([]);
  });
});
