import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Data } from './data.ts';
import { measure, type Command, type Measured } from './measure.ts';
import { spreadOf, type Spread } from './statistics.ts';

/** One part of the work that nobody can leave out, done alone. */
export interface FloorPart {
  readonly name: string;
  readonly wall: Spread;
  readonly cpu: Spread;
}

export interface Floor {
  readonly parts: readonly FloorPart[];
  /** Seconds below which no engine gets that does all of it on these cores; `undefined` where a part is missing. */
  readonly limit: number | undefined;
}

/** The parts, as lines for a shell: `$ARCHIVE` is A, the arguments are its layers. */
const parts = [
  { name: 'zstd -d', script: 'zstd -dqc "$ARCHIVE" > /dev/null' },
  { name: 'sha256 of the layers (openssl)', script: 'openssl dgst -sha256 "$@" > /dev/null' },
  { name: 'igzip -1', script: 'for layer; do igzip -1 -c "$layer" > /dev/null; done' },
] as const;

/** Measures what is unavoidable on this machine, each part by itself. */
export async function measureFloor(
  data: Data,
  { runs, signal }: { readonly runs: number; readonly signal: AbortSignal },
): Promise<Floor> {
  const archive = await data.archive('A');
  const layers = await data.layers();
  const folder = await mkdtemp(join(tmpdir(), 'bench-floor-'));
  const env = { PATH: process.env['PATH'] ?? '', ARCHIVE: archive.file };
  const measured: FloorPart[] = [];
  try {
    for (const { name, script } of parts) {
      const args = ['-euc', script, 'sh', ...layers];
      const command = { file: 'sh', args, env, folder, doneAt: 'end' as const };
      const part = await measurePart(command, { runs, signal }).catch(() => undefined);
      if (part) measured.push({ name, ...part });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  signal.throwIfAborted();
  const cpu = measured.reduce((sum, part) => sum + part.cpu.median, 0);
  const isWhole = measured.length === parts.length;
  return { parts: measured, limit: isWhole ? cpu / availableParallelism() : undefined };
}

async function measurePart(
  command: Command,
  { runs, signal }: { readonly runs: number; readonly signal: AbortSignal },
): Promise<Omit<FloorPart, 'name'>> {
  const times: Measured[] = [];
  for (let run = 0; run < runs; run += 1) {
    times.push(await measure(command, { services: [], daemons: [], signal }));
  }
  const spread = (field: 'wall' | 'cpu'): Spread => spreadOf(times.map((time) => time[field]));
  return { wall: spread('wall'), cpu: spread('cpu') };
}
