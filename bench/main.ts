import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Dockerd } from '../local/rig/dockerd.ts';
import type { Contender } from './contender.ts';
import { openData } from './data.ts';
import { startEngine } from './engine.ts';
import { measureFloor } from './floor.ts';
import { progressLine } from './log.ts';
import { commandOf, readOptions, type Options } from './options.ts';
import { ours } from './ours.ts';
import { byHand, contenderByHand } from './peers.ts';
import { findPeers, installPeers, ourVersions, type Peers } from './programs.ts';
import { promises, reportOf, timesOf, type Findings } from './report.ts';
import { runRow, type Field, type RowResult } from './rounds.ts';
import type { ContenderName } from './rows.ts';
import { startArtifactServer } from './service.ts';
import { runTrial } from './trial.ts';

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  console.log(options);
  process.exitCode = 2;
} else {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop.abort(new Error(`Ended by ${signal}`)));
  }
  const findings = await run(options, stop.signal);
  console.log(options.quick ? 'Everything works' : promises(findings.results));
  if (options.report) await writeFile(options.report, reportOf(findings));
}

async function run(given: Options, signal: AbortSignal): Promise<Findings> {
  const data = await openData({ folder: given.data, small: given.quick });
  const peers = await peersOf(given, data.folder);
  const artifacts = await startArtifactServer(data.folder);
  const engine = await startEngine();
  const dockerd = typeof engine === 'string' ? undefined : engine;
  try {
    const stage = { artifacts, dockerd, signal };
    const field = { stage, data, contenders: contendersOf(given, peers, dockerd) };
    await warmUp(field);
    const results = await runRows(given, field);
    const floor = await measureFloor(data, { runs: given.runs, signal });
    const leftOut = [...peers.missing].map(([name, why]) => `${name} is left out: ${why}`);
    return {
      command: commandOf(given),
      date: new Date(),
      results,
      floor,
      versions: new Map([...(await ourVersions()), ...peers.there]),
      leftOut: typeof engine === 'string' ? [...leftOut, engine] : leftOut,
    };
  } finally {
    await artifacts.close();
    await dockerd?.close();
  }
}

async function peersOf(given: Options, folder: string): Promise<Peers> {
  const programs = resolve(given.programs ?? join(folder, '..', 'bin'));
  if (given.install) await installPeers(programs);
  process.env['PATH'] = `${programs}:${process.env['PATH'] ?? ''}`;
  const peers = await findPeers();
  for (const [name, version] of peers.there) console.log(`${name}: ${version}`);
  for (const [name, why] of peers.missing) console.log(`${name} is left out: ${why}`);
  return peers;
}

function contendersOf(
  { only }: Options,
  { there }: Peers,
  dockerd: Dockerd | undefined,
): Map<ContenderName, Contender> {
  const all: Record<ContenderName, Contender> = {
    zlib: ours({ name: 'zlib', engine: 'registry', compressor: 'zlib' }),
    auto: ours({ name: 'auto', engine: 'registry', compressor: 'auto' }),
    'our-docker': ours({ name: 'our-docker', engine: 'docker', compressor: 'auto' }),
    skopeo: contenderByHand(byHand.skopeo),
    docker: contenderByHand(byHand.docker),
    crane: contenderByHand(byHand.crane),
    regctl: contenderByHand(byHand.regctl),
  };
  const fit = Object.entries(all).filter(
    ([name, { usesDocker }]) =>
      only.includes(name as ContenderName) &&
      (!(name in byHand) || there.has(name as keyof typeof byHand)) &&
      (!usesDocker || dockerd !== undefined),
  );
  return new Map(fit as [ContenderName, Contender][]);
}

/**
 * Nobody's first run pays for what is kept from then on, like compiled code. Ours run twice: that what one has written
 * is read for the first time is something the file system writes down, too.
 */
async function warmUp({ stage, data, contenders }: Field): Promise<void> {
  const archive = await data.archive('A');
  const all = [...contenders.values()];
  for (const contender of [...all, ...all.filter(({ name }) => !(name in byHand))]) {
    await runTrial(stage, { archive, contender });
  }
}

async function runRows(given: Options, field: Field): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const row of given.rows) {
    const result = await runRow(row, field, {
      ...given,
      onOutcome: (...outcome) => console.log(progressLine(...outcome)),
    });
    results.push(result);
    console.log(`\n${timesOf(result)}\n`);
  }
  return results;
}
