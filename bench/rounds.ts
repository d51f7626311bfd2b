import type { Contender } from './contender.ts';
import type { Data } from './data.ts';
import type { ContenderName, Row } from './rows.ts';
import { runTrial, type Outcome, type Stage, type Trial } from './trial.ts';

/** How rows are run. */
export interface RoundOptions {
  readonly runs: number;
  /** Share of the machine that others may use during a run; above it the run is repeated. */
  readonly foreign: number;
  /** How often, at most. */
  readonly repeats: number;
  readonly onOutcome: (row: Row, name: ContenderName, outcome: Outcome) => void;
}

/** Outcomes of one row, by contender; the same index is the same round. */
export interface RowResult {
  readonly row: Row;
  readonly outcomes: ReadonlyMap<ContenderName, readonly Outcome[]>;
  /** Bytes of the archive. */
  readonly size: number;
  readonly repeated: number;
  /** Runs that stayed noisy. */
  readonly noisy: number;
}

/** With whom and on what rows are run. */
export interface Field {
  readonly stage: Stage;
  readonly data: Data;
  readonly contenders: ReadonlyMap<ContenderName, Contender>;
}

/** Runs the contenders of a row in turn, round by round, so that whatever changes meanwhile concerns all of them. */
export async function runRow(row: Row, field: Field, options: RoundOptions): Promise<RowResult> {
  const { stage, data, contenders } = field;
  const archive = await data.archive(row.archive);
  const before = row.before && {
    archive: await data.archive(row.before.archive),
    tag: row.before.tag,
    ledger: row.before.ledger,
  };
  const taking = row.contenders.filter((name) => contenders.has(name));
  const outcomes = new Map<ContenderName, Outcome[]>(taking.map((name) => [name, []]));
  const count = { repeated: 0, noisy: 0 };
  for (let round = 0; round < (row.once ? 1 : options.runs); round += 1) {
    for (const name of turned(taking, round)) {
      const contender = contenders.get(name)!;
      const { link, password, refusal } = row;
      const trial: Trial = { archive, contender, before, link, password, refusal };
      const outcome = await quietRun(() => runTrial(stage, trial), options, count);
      outcomes.get(name)?.push(outcome);
      options.onOutcome(row, name, outcome);
    }
  }
  return { row, outcomes, size: archive.facts.size, ...count };
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
