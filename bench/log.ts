import type { Row } from './rows.ts';
import type { Outcome } from './trial.ts';

/** One run, as it ends. */
export function progressLine({ id }: Row, name: string, outcome: Outcome): string {
  const { seconds, wall, cpu, sent, memory, disk, foreign } = outcome;
  return [
    `${id} ${name}`.padEnd(20),
    `${seconds.toFixed(2)} s`.padStart(9),
    `${wall.toFixed(2)} s whole`.padStart(14),
    `${cpu.toFixed(2)} CPU s`.padStart(12),
    `${(sent / 1e6).toFixed(1)} MB sent`.padStart(14),
    `${(memory / 2 ** 20).toFixed(0)} MiB`.padStart(9),
    `${(disk / 1e6).toFixed(0)} MB disk`.padStart(12),
    `${(foreign * 100).toFixed(0)} % foreign`.padStart(14),
  ].join('');
}
