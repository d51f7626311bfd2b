import { availableParallelism } from 'node:os';
import type { Contender } from './contender.ts';
import type { Data } from './data.ts';
import type { ContenderName, Row } from './rows.ts';
import { runTrial, type Outcome, type Stage } from './trial.ts';

/** How a row is run. */
export interface RoundOptions {
  readonly runs: number;
  /** Share of the machine that others may use during a run; above it the run is repeated. */
  readonly foreign: number;
  /** How often, at most. */
  readonly repeats: number;
  readonly log: (line: string) => void;
}

/** Outcomes of one row, by contender; the same index is the same round. */
export interface RowResult {
  readonly row: Row;
  readonly outcomes: ReadonlyMap<ContenderName, readonly Outcome[]>;
  readonly repeated: number;
  /** Runs that stayed noisy. */
  readonly noisy: number;
}

/** Runs the contenders of a row in turn, round by round, so that whatever changes meanwhile concerns all of them. */
export async function runRow(
  row: Row,
  given: {
    readonly stage: Stage;
    readonly data: Data;
    readonly contenders: ReadonlyMap<ContenderName, Contender>;
  },
  options: RoundOptions,
): Promise<RowResult> {
  const { stage, data, contenders } = given;
  const archive = await data.archive(row.archive);
  const before = row.before && (await data.archive(row.before));
  const taking = row.contenders.filter((name) => contenders.has(name));
  const outcomes = new Map<ContenderName, Outcome[]>(taking.map((name) => [name, []]));
  const count = { repeated: 0, noisy: 0 };
  for (let round = 0; round < (row.once ? 1 : options.runs); round += 1) {
    for (const name of turned(taking, round)) {
      const contender = contenders.get(name)!;
      const trial = { archive, contender, before, link: row.link };
      const outcome = await quietRun(() => runTrial(stage, trial), options, count);
      outcomes.get(name)?.push(outcome);
      options.log(lineOf(row, round, { name, outcome }));
    }
  }
  return { row, outcomes, ...count };
}

/** Each round begins with another, so that nobody always follows the same. */
function turned<T>(list: readonly T[], by: number): T[] {
  const at = by % Math.max(1, list.length);
  return [...list.slice(at), ...list.slice(0, at)];
}

/** Runs it again while others keep the machine busy. Gives the quietest. */
async function quietRun(
  run: () => Promise<Outcome>,
  { foreign, repeats }: RoundOptions,
  count: { repeated: number; noisy: number },
): Promise<Outcome> {
  let best = await run();
  for (let again = 0; again < repeats && best.foreign > foreign; again += 1) {
    count.repeated += 1;
    const next = await run();
    if (next.foreign < best.foreign) best = next;
  }
  if (best.foreign > foreign) count.noisy += 1;
  return best;
}

function lineOf(
  { id }: Row,
  round: number,
  { name, outcome }: { readonly name: string; readonly outcome: Outcome },
): string {
  const { wall, cpu, sent, memory, foreign } = outcome;
  const parts = [
    `${id} ${round + 1} ${name}`.padEnd(18),
    `${wall.toFixed(2)} s`.padStart(9),
    `${cpu.toFixed(2)} CPU s`.padStart(12),
    `${(sent / 1e6).toFixed(1)} MB sent`.padStart(14),
    `${(memory / 2 ** 20).toFixed(0)} MiB`.padStart(9),
    `${(foreign * 100).toFixed(0)} % foreign of ${availableParallelism()} cores`,
  ];
  return parts.join('  ');
}
