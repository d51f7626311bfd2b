/** What a process had after so many promotions. Memory and the database’s files in MiB. */
export interface Sample {
  readonly made: number;
  readonly rss: number;
  /** What the heap holds after a collection, and what hangs on it. */
  readonly live: number;
  readonly files: number;
  readonly children: number;
  readonly stored: number;
}

/** MiB for 1,000 promotions, as the samples’ line of best fit has it. */
export function slope(samples: readonly Sample[], what: 'rss' | 'live' | 'stored'): number {
  const n = samples.length;
  const meanX = samples.reduce((sum, { made }) => sum + made, 0) / n;
  const meanY = samples.reduce((sum, sample) => sum + sample[what], 0) / n;
  const along = samples.reduce((sum, s) => sum + (s.made - meanX) * (s[what] - meanY), 0);
  const across = samples.reduce((sum, { made }) => sum + (made - meanX) ** 2, 0);
  return (1000 * along) / across;
}

/** What a short run cannot tell from growth, in MiB: caches that fill, and pages that the allocator keeps. */
const noise = { live: 0.5, rss: 64 };

/** From here on, in thousands of promotions, the resident memory must have come to rest. */
const long = 3;

/** What grows that may not. The first third is warming up. */
export function growing(all: readonly Sample[]): readonly string[] {
  const samples = all.slice(Math.floor(all.length / 3));
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < 4) return ['too few samples'];
  const thousands = (last.made - first.made) / 1000;
  const problems: string[] = [];
  const live = slope(samples, 'live');
  if (live >= 1 + noise.live / thousands)
    problems.push(`memory in use: ${live.toFixed(2)} MiB for 1,000 promotions`);
  const rss = slope(samples, 'rss');
  if (rss >= (thousands < long ? noise.rss / thousands : 1)) {
    problems.push(`resident memory: ${rss.toFixed(2)} MiB for 1,000 promotions`);
  }
  if (last.files > first.files) problems.push(`open files: ${first.files} → ${last.files}`);
  if (last.children > 0) problems.push(`children: ${last.children}`);
  const half = Math.floor(samples.length / 2);
  const early = slope(samples.slice(0, half + 1), 'stored');
  const late = slope(samples.slice(half), 'stored');
  // Faults fall as they fall; what grows with the square doubles.
  if (late > early * 1.4) {
    problems.push(`the database: ${early.toFixed(1)}, then ${late.toFixed(1)} MiB for 1,000`);
  }
  return problems;
}
