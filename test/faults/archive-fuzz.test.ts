import { expect, it } from 'vitest';
import { createInspect } from '../../src/archive/inspect.ts';
import { PromotionError } from '../../src/domain/errors.ts';
import { inChunks } from '../helpers/archive/parts.ts';
import { fuzzed, seeded } from '../helpers/faults/archive-fuzz.ts';
import { counted } from '../helpers/counts.ts';

const { ARCHIVE_FUZZ_COUNT, ARCHIVE_FUZZ_SEED } = process.env;
/** Without a count: as many as fit into this time. */
const boxed = counted(1500, 6000);
const count = ARCHIVE_FUZZ_COUNT === undefined ? Infinity : Number(ARCHIVE_FUZZ_COUNT);
const seed = Number(ARCHIVE_FUZZ_SEED ?? Date.now() % 2 ** 31);
const hang = 2000;
let slowest = 0;

const inspect = createInspect({ unpacked: 256 * 1024 ** 2 });

/** What became of one input: refused, taken, or what must never be. */
async function outcomeOf(n: number): Promise<'refused' | 'taken' | { readonly wrong: string }> {
  const { kind, archive, imageId, mustBeTaken } = fuzzed(seeded(seed + n));
  try {
    const contents = await inTime(inspect(inChunks(archive, 1000)));
    return contents.imageId === imageId ? 'taken' : { wrong: `${kind}: took another image` };
  } catch (error) {
    const isRefusal = error instanceof PromotionError && error.reason.startsWith('archive-');
    return isRefusal && !mustBeTaken ? 'refused' : { wrong: `${kind}: ${String(error)}` };
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const start = performance.now();
  const alarm = Promise.withResolvers<never>();
  const timer = setTimeout(() => alarm.reject(new Error('hangs')), hang);
  try {
    return await Promise.race([work, alarm.promise]);
  } finally {
    clearTimeout(timer);
    slowest = Math.max(slowest, performance.now() - start);
  }
}

it(
  'neither crashes nor hangs nor takes another image, whatever it is fed with',
  { timeout: count === Infinity ? boxed * 4 : 3_600_000 },
  async () => {
    const seen = { refused: 0, taken: 0 };
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on('unhandledRejection', note);
    const end = performance.now() + (count === Infinity ? boxed : Infinity);
    for (let n = 0; n < count && performance.now() < end; n += 1) {
      const outcome = await outcomeOf(n);
      if (typeof outcome === 'object') {
        expect.fail(`ARCHIVE_FUZZ_SEED=${seed + n} ARCHIVE_FUZZ_COUNT=1: ${outcome.wrong}`);
      }
      seen[outcome] += 1;
    }
    process.off('unhandledRejection', note);
    const inWords = `${seen.refused} refused, ${seen.taken} harmless, 0 wrong`;
    console.log(`seed ${seed}: ${inWords}, slowest ${Math.round(slowest)} ms`);
    expect(uncaught).toEqual([]);
    expect(slowest).toBeLessThan(hang);
    expect(seen.refused).toBeGreaterThan(seen.taken / 10);
    expect(seen.taken).toBeGreaterThan(0);
  },
);
