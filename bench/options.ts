import { parseArgs } from 'node:util';
import { contenderNames, rows, type ContenderName, type Row } from './rows.ts';

/** What `npm run bench -- …` was asked for. */
export interface Options {
  readonly rows: readonly Row[];
  readonly only: readonly ContenderName[];
  readonly runs: number;
  readonly repeats: number;
  readonly foreign: number;
  /** Small archives and one run of each: shows that everything works, says nothing about time. */
  readonly quick: boolean;
  readonly data: string | undefined;
  /** Where to look for peers before the PATH, and where they are installed. */
  readonly programs: string | undefined;
  readonly install: boolean;
  /** Where the report is written, if anywhere. */
  readonly report: string | undefined;
}

const help = `npm run bench -- [options]
  --rows A,B,…       only these rows: ${rows.map(({ id }) => id).join(' ')}
  --only auto,…      only these contenders: ${contenderNames.join(' ')}
  --runs 5           rounds of each row
  --foreign 20       percent of the machine that others may use during a run; above it the run is repeated
  --repeats 3        times at most
  --quick            small archives, one round, no report: shows only that everything works
  --data folder      where archives are made and kept; a temp folder by default
  --programs folder  where crane and regctl are, if not on the PATH
  --install          builds crane and regctl into that folder (go install, asks the Go module proxy)
  --report file      docs/performance.md by default, where everything was measured`;

/** Reads the command line. Gives the words for whoever got it wrong, or asked for help. */
export function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({ args: [...args], options: known });
    if (values.help) return help;
    const { quick = false, report, data, programs, install = false } = values;
    const isWhole = !quick && !values.rows && !values.only;
    return {
      rows: chosen(
        values.rows,
        rows.map(({ id }) => id),
      ).flatMap((id) => rows.filter((row) => row.id === id)),
      only: chosen(values.only, contenderNames),
      runs: quick ? 1 : count(values.runs, 5),
      repeats: quick ? 0 : count(values.repeats, 3),
      foreign: count(values.foreign, 20) / 100,
      quick,
      data,
      programs,
      install,
      report: report ?? (isWhole ? 'docs/performance.md' : undefined),
    };
  } catch (error) {
    return `${(error as Error).message}\n\n${help}`;
  }
}

/** The same as it would be typed, without where this machine keeps what. */
export function commandOf({ rows: taken, only, runs, foreign, repeats, quick }: Options): string {
  return [
    'npm run bench --',
    ...(taken.length < rows.length ? [`--rows ${taken.map(({ id }) => id).join()}`] : []),
    ...(only.length < contenderNames.length ? [`--only ${only.join()}`] : []),
    quick ? '--quick' : `--runs ${runs} --repeats ${repeats} --foreign ${foreign * 100}`,
  ].join(' ');
}

const known = {
  rows: { type: 'string' },
  only: { type: 'string' },
  runs: { type: 'string' },
  foreign: { type: 'string' },
  repeats: { type: 'string' },
  quick: { type: 'boolean' },
  data: { type: 'string' },
  programs: { type: 'string' },
  install: { type: 'boolean' },
  report: { type: 'string' },
  help: { type: 'boolean' },
} as const;

function chosen<T extends string>(text: string | undefined, all: readonly T[]): readonly T[] {
  if (text === undefined) return all;
  const names = text.split(',');
  const unknown = names.find((name) => !all.includes(name as T));
  if (unknown !== undefined) throw new Error(`There is no ${unknown}`);
  return all.filter((name) => names.includes(name));
}

function count(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d+$/.test(text)) throw new Error(`${text} is no number`);
  return Number(text);
}
