import type { RowResult } from './rounds.ts';
import type { Bar, Must } from './rows.ts';
import { ratios, shown, spreadOf, type Spread } from './statistics.ts';
import type { Outcome } from './trial.ts';

/** One promise, and what was measured. */
export interface Verdict {
  readonly work: string;
  readonly bar: string;
  readonly measured: string;
  /** The same with the start of our process in it. */
  readonly withStart: string;
  readonly met: boolean;
}

/** Every promise of the row, as far as those concerned took part. */
export function verdictsOf(result: RowResult): Verdict[] {
  const { row } = result;
  return [
    ...row.bars.flatMap((bar) => ratioVerdict(result, bar)),
    ...(row.must ? mustVerdicts(result, row.must) : []),
  ];
}

function ratioVerdict({ row, outcomes, size }: RowResult, bar: Bar): Verdict[] {
  const { of, against, atMost } = bar;
  const own = outcomes.get(of);
  if (!own) return [];
  const others =
    against === 'link'
      ? own.map(({ sent }) => Math.max(sent, size) / ((row.link ?? 0) * 1e6))
      : outcomes.get(against)?.map(({ seconds }) => seconds);
  if (!others) return [];
  const ratioOf = (value: (outcome: Outcome) => number): Spread => ratios(own.map(value), others);
  const ratio = ratioOf(({ seconds }) => seconds);
  const what = against === 'link' ? 'bytes / bandwidth' : against;
  return [
    {
      work: row.title,
      bar: `${of} ≤ ${atMost.toFixed(2)} of ${what}`,
      measured: shown(ratio),
      withStart: shown(ratioOf(({ wall }) => wall)),
      met: ratio.median <= atMost,
    },
  ];
}

function mustVerdicts({ row, outcomes }: RowResult, must: Must): Verdict[] {
  return [...outcomes].flatMap(([name, runs]) => {
    // An engine of its own keeps the image by design.
    if (!runs[0]?.ours || (must.startsWith('at most') && name === 'our-docker')) return [];
    const judged = musts[must](runs);
    return [{ withStart: '', ...judged, work: row.title, bar: `${name} ${must}` }];
  });
}

type Judged = Pick<Verdict, 'measured' | 'met'> & Partial<Pick<Verdict, 'withStart'>>;

const mebibyte = 2 ** 20;
/** What asking, listing and one manifest take. */
const smallTalk = 256 * 1024;

const musts: Readonly<Record<Must, (runs: readonly Outcome[]) => Judged>> = {
  'sends no layer': (runs) => {
    const layers = Math.max(...runs.map(layerBytes));
    const sent = Math.max(...runs.map((run) => run.sent));
    return {
      measured: `${layers} bytes of layers, ${(sent / 1000).toFixed(0)} kB in all`,
      met: layers === 0 && sent < smallTalk,
    };
  },
  'reads layers, sends none': (runs) => {
    const layers = Math.max(...runs.map(layerBytes));
    // What the registry hands out it reads itself before.
    const sent = Math.max(...runs.map((run) => run.sent - sizeOf(run)));
    return {
      measured: `${layers} bytes of layers, ${(sent / 1000).toFixed(0)} kB beside what was read`,
      met: layers === 0 && sent < smallTalk,
    };
  },
  'at most 256 MiB, no temp file': (runs) => {
    const memory = Math.max(...runs.map((run) => run.memory));
    const disk = Math.max(...runs.map((run) => run.disk + (run.ours?.written ?? 0)));
    return {
      measured: `${Math.ceil(memory / mebibyte)} MiB, ${disk} bytes on disk`,
      met: memory <= 256 * mebibyte && disk === 0,
    };
  },
  'refuses within a second, opens nothing': (runs) => {
    const spread = spreadOf(runs.map((run) => run.seconds));
    const opened = Math.max(...runs.map((run) => Math.max(run.downloads, run.ours?.opened ?? 0)));
    return {
      measured: `${shown(spread)} s, opened ${opened} times`,
      withStart: `${shown(spreadOf(runs.map((run) => run.wall)))} s`,
      met: spread.most < 1 && opened === 0,
    };
  },
};

/** Bytes of the image on the registry. */
function sizeOf({ ours }: Outcome): number {
  return ours && 'size' in ours.answer ? ours.answer.size : Number.NaN;
}

function layerBytes({ ours }: Outcome): number {
  return ours && 'sent' in ours.answer ? ours.answer.sent : Number.NaN;
}
