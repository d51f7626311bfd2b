import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Contender } from './contender.ts';
import { openData } from './data.ts';
import { startEngine } from './engine.ts';
import { ours } from './ours.ts';
import { byHand, contenderByHand } from './peers.ts';
import { findPeers, installPeers } from './programs.ts';
import { runRow, type RowResult } from './rounds.ts';
import { contenders as names, rows, type ContenderName } from './rows.ts';
import { startArtifactServer } from './service.ts';
import { summaryOf } from './summary.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: rows.map(({ id }) => id).join() },
    only: { type: 'string', default: names.join() },
    runs: { type: 'string', default: '5' },
    repeats: { type: 'string', default: '3' },
    foreign: { type: 'string', default: '20' },
    data: { type: 'string' },
    programs: { type: 'string' },
    install: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});

const data = await openData({ folder: values.data, small: values.quick });
const only = values.only.split(',');
const programs = resolve(values.programs ?? join(data.folder, '..', 'bin'));
process.env['PATH'] = `${programs}:${process.env['PATH'] ?? ''}`;
if (values.install) await installPeers(programs);
const peers = await findPeers();
for (const [name, version] of peers.there) console.log(`${name}: ${version}`);
for (const [name, why] of peers.missing) console.log(`${name} is left out: ${why}`);
const artifacts = await startArtifactServer(data.folder);
const dockerd = await startEngine();
const results: RowResult[] = [];
try {
  for (const row of rows.filter(({ id }) => values.rows.split(',').includes(id))) {
    const contenders = new Map<ContenderName, Contender>(
      [
        ours({ name: 'zlib', engine: 'registry', compressor: 'zlib' }),
        ours({ name: 'auto', engine: 'registry', compressor: 'auto' }),
        ours({ name: 'our-docker', engine: 'docker', compressor: 'auto' }),
        ...[...peers.there.keys()].map((name) => contenderByHand(byHand[name])),
      ]
        .filter(({ name }) => only.includes(name))
        .filter(({ usesDocker }) => !usesDocker || typeof dockerd !== 'string')
        .map((contender) => [contender.name as ContenderName, contender]),
    );
    const stage = { artifacts, dockerd: typeof dockerd === 'string' ? undefined : dockerd };
    const result = await runRow(
      row,
      { stage, data, contenders },
      {
        runs: values.quick ? 1 : Number(values.runs),
        repeats: values.quick ? 0 : Number(values.repeats),
        foreign: Number(values.foreign) / 100,
        log: console.log,
      },
    );
    results.push(result);
    console.log(summaryOf(result));
  }
} finally {
  await artifacts.close();
  if (typeof dockerd !== 'string') await dockerd.close();
}
