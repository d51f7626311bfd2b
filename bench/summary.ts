import type { RowResult } from './rounds.ts';
import type { Bar } from './rows.ts';
import { ratios, spreadOf, type Spread } from './statistics.ts';

/** A bar with what was measured. */
export interface Judged extends Bar {
  readonly ratio: Spread;
  readonly met: boolean;
}

/** Each bar of the row whose two sides both ran. */
function judge({ row, outcomes }: RowResult): Judged[] {
  return row.bars.flatMap((bar) => {
    const of = outcomes.get(bar.of);
    if (!of) return [];
    const walls = of.map(({ wall }) => wall);
    const against =
      bar.against === 'link'
        ? of.map(({ sent }) => sent / ((row.link ?? 0) * 1e6))
        : outcomes.get(bar.against)?.map(({ wall }) => wall);
    if (!against) return [];
    const ratio = ratios(walls, against);
    return [{ ...bar, ratio, met: ratio.median <= bar.atMost }];
  });
}

/** The row for a terminal. */
export function summaryOf(result: RowResult): string {
  const lines = [...result.outcomes].map(([name, outcomes]) => {
    const wall = spreadOf(outcomes.map((outcome) => outcome.wall));
    const cpu = spreadOf(outcomes.map((outcome) => outcome.cpu));
    return `  ${name.padEnd(12)} ${shown(wall)} s, CPU ${shown(cpu)} s`;
  });
  const bars = judge(result).map(
    ({ of, against, atMost, ratio, met }) =>
      `  ${of} / ${against}: ${shown(ratio)}, bar ${atMost}: ${met ? 'met' : 'NOT MET'}`,
  );
  const runs = `  ${result.repeated} runs repeated, ${result.noisy} stayed noisy`;
  return [`\n${result.row.title}`, ...lines, ...bars, runs, ''].join('\n');
}

/** `2.81 (2.77–3.02)` */
function shown({ median, least, most }: Spread): string {
  return `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`;
}
