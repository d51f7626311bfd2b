import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Floor } from './floor.ts';
import type { RowResult } from './rounds.ts';
import { shown, spreadOf, type Spread } from './statistics.ts';
import { table } from './table.ts';
import type { Outcome } from './trial.ts';
import { verdictsOf } from './verdicts.ts';

/** Everything that one run of the bench found out. */
export interface Findings {
  readonly command: string;
  readonly date: Date;
  readonly results: readonly RowResult[];
  readonly floor: Floor | undefined;
  /** By name. */
  readonly versions: ReadonlyMap<string, string>;
  readonly leftOut: readonly string[];
}

/** The page that tells how fast we are, and how that was measured. */
export function reportOf(findings: Findings): string {
  const { results, floor, leftOut } = findings;
  return [
    '# Performance',
    'Written by `npm run bench`; not edited by hand.',
    aboutMachine(findings),
    '## What was promised',
    promises(results),
    '## Times',
    ...results.map(timesOf),
    ...(floor ? ['## The floor', floorOf(floor)] : []),
    '## How it was measured',
    method,
    '## To be read with it',
    [...notes, ...leftOut, noise(results)].map((note) => `- ${note}`).join('\n'),
    '',
  ].join('\n\n');
}

function aboutMachine({ command, date, versions }: Findings): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${availableParallelism()} cores, ${memory} GiB`;
  const programs = [...versions].map(([name, version]) => `${name} ${version}`).join(', ');
  return `${date.toISOString().slice(0, 10)}, ${machine}, loopback. ${programs}.\n\n\`${command}\``;
}

/** Each bar, met or not. */
export function promises(results: readonly RowResult[]): string {
  return table(
    ['work', 'bar', 'measured', 'with process start', ''],
    results
      .flatMap(verdictsOf)
      .map(({ work, bar, measured, withStart, met }) => [
        work,
        bar,
        measured,
        withStart,
        met ? 'met' : '**not met**',
      ]),
  );
}

/** One row, contender by contender. */
export function timesOf({ row, outcomes }: RowResult): string {
  const cells = [...outcomes].map(([name, runs]) => {
    const spread = (value: (run: Outcome) => number, digits = 2): string =>
      shown(spreadOf(runs.map(value)), digits);
    const most = (value: (run: Outcome) => number): string =>
      Math.max(...runs.map(value)).toFixed(0);
    const median = (value: (run: Outcome) => number): Spread => spreadOf(runs.map(value));
    return [
      name,
      spread((run) => run.seconds),
      spread((run) => run.wall),
      spread((run) => run.cpu),
      (median((run) => run.sent).median / 1e6).toFixed(1),
      most((run) => run.memory / 2 ** 20),
      (median((run) => run.disk).median / 1e6).toFixed(0),
      most((run) => run.foreign * 100),
    ];
  });
  const head = [
    '',
    's',
    'with process start',
    'CPU s',
    'MB sent',
    'MiB',
    'MB on disk',
    'foreign %',
  ];
  const compressors = [...outcomes].flatMap(([name, [run]]) => {
    const answer = run?.ours?.answer;
    return answer && 'compressor' in answer ? [`\`${name}\`: ${answer.compressor}.`] : [];
  });
  return [`### ${row.title}`, table(head, cells), ...compressors].join('\n\n');
}

function floorOf({ parts, limit }: Floor): string {
  const cells = parts.map(({ name, wall, cpu }) => [name, shown(wall), shown(cpu)]);
  const sum =
    limit === undefined
      ? ''
      : `\n\nTogether on all cores never under ${limit.toFixed(2)} s, and no faster than bytes / bandwidth.`;
  return `${table(['alone, on A', 's', 'CPU s'], cells)}${sum}`;
}

function noise(results: readonly RowResult[]): string {
  const repeated = results.reduce((sum, result) => sum + result.repeated, 0);
  const noisy = results.reduce((sum, result) => sum + result.noisy, 0);
  return `${repeated} runs were repeated because others used the machine; ${noisy} stayed so and count all the same.`;
}

const method = `Archives in image_builder's layout, made of programs, libraries, headers, Python trees, node_modules and documents of
the machine: A has seven layers (170, 142, 125, 121, 59, 0.006 and 44 MB), B the same in two (170 and 493), C is A and 30 MB
more, D 4 GB in two. A, B and C are packed with zstd -10, D with -3.

Ours is a process for each push that runs the engine as the bot does after an approval: download with its checkpoints and
sha256, every layer that is sent proven, read-back; its ledger is empty where the
row does not say otherwise. \`zlib\` is the plain path, \`auto\` what the engine chooses by
itself, \`our-docker\` the engine through Docker. The others are run by hand, from a shell, download and \`zstd -d\` piped:
\`skopeo copy\` with its defaults and no cache of blobs; \`docker load\`, \`docker tag\`, \`docker push\` on an engine
without images; \`crane push\`; \`regctl image import\`. All push with the same account to the same registry, Debian's
docker-registry with its storage in memory, which is started anew for each run.

Rows are run in turn, each round beginning with another contender. Times are medians, with the least and the most in
brackets; ratios are those of a round, and of them the median. **s** is the work alone: for ours from the call of the engine,
because the bot has long been started; **with process start** counts Node's start and the loading of our modules, too.
CPU is that of the program, its children, the Docker engine and the registry. MB sent is what the registry read from
its connections. MiB is the largest sum of memory of the program and its children (and the Docker engine's, where it is
used). MB on disk is what was in the temp folder at most, and what the Docker engine kept. A paced link is a proxy before
the artifact and one before the registry, each with so many bytes a second in each direction; what the proxies take from
the processor is counted nowhere, but they take it. A run during which others used more than a fifth of the processors
is repeated.`;

const notes = [
  'Loopback and plain HTTP: TLS, and a registry far away, are not in it.',
  'The registry shares the cores with those who push to it: on idle loopback about a second of CPU goes to it.',
  'After a push our engine through Docker removes the image again; that is in its CPU, not in its time.',
];
