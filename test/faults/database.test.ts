import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { genesis } from '../../src/domain/audit.ts';
import type { QueuedPost } from '../../src/store-port.ts';
import { startOutside, type Outside } from '../../local/rig/outside.ts';
import { troubles } from '../helpers/faults/breaking-sqlite.ts';
import { promoteThrough, type Break, type Sabotage } from '../helpers/faults/no-row-no-effect.ts';
import { counted } from '../helpers/counts.ts';

/** Runs in all; every write of a promotion with every trouble are about 420. */
const count = Number(process.env['DATABASE_BREAKS'] ?? counted(12, 20));
const seed = Number(process.env['DATABASE_SEED'] ?? Math.floor(Math.random() * 1_000_000));
/** Most of a run is waiting. */
const atOnce = 5;

let outside: Outside;
beforeAll(async () => {
  outside = await startOutside();
});
afterAll(() => outside.close());

/** What a promotion cannot do without, in its order. */
const steps = [
  'event asked',
  'event build-proven',
  'event planned',
  'event approved',
  'event pushing',
  'event decrypting',
  'event tagging',
  'ledger',
  'event promoted',
  'event reported',
  'claim',
  'sent',
];

/** Each step with some trouble first, then every write with every trouble, in an order of the seed’s. */
function breaks(writes: readonly string[]): readonly Break[] {
  let state = (seed % 2_147_483_646) + 1;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const some = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const needed = steps.map((before): Break => ({ before, trouble: some(troubles) }));
  const seen: Record<string, number> = {};
  const all = writes.flatMap((before) => {
    const nth = (seen[before] = (seen[before] ?? 0) + 1);
    return troubles.map((trouble) => ({ order: random(), at: { before, nth, trouble } }));
  });
  const rest = all.toSorted((a, b) => a.order - b.order).map(({ at }) => at);
  return [...needed, ...rest].slice(0, count);
}

it('whatever write the database fails at: no effect without its row, and one right end', async () => {
  const sound = await promoteThrough(outside, undefined);
  expect(sound).toMatchObject({ violations: [], failures: 0, decrypted: 1 });
  for (const step of steps) expect(sound.writes).toContain(step);

  const from = performance.now();
  const limit = pLimit(atOnce);
  const runs = breaks(sound.writes).map((at) =>
    limit(async () => ({ at, ran: await promoteThrough(outside, at) })),
  );
  const ended = await Promise.all(runs);
  const failures = ended.reduce((sum, { ran }) => sum + ran.failures, 0);
  const broken = ended.filter(({ ran }) => ran.failures > 0).length;
  const seconds = Math.round((performance.now() - from) / 1000);
  console.log(
    `database: seed ${seed}, ${ended.length} promotions, ${broken} of them broken, ${failures} failed writes, ${seconds} s`,
  );
  expect(ended.filter(({ ran }) => ran.violations.length > 0)).toEqual([]);
  // A write that another run’s order does not have is not broken; the steps are in every one.
  expect(ended.slice(0, steps.length).filter(({ ran }) => ran.failures === 0)).toEqual([]);
  expect(broken).toBeGreaterThan(ended.length * 0.8);
}, 1_800_000);

describe('a store that lies is found out', () => {
  const swallowing: Sabotage = (real) => ({
    ...real,
    change: (change) =>
      real.change(change).catch((error: unknown) => {
        if (change.event.kind !== 'decrypting') throw error;
        return { outcome: 'changed', promotion: change.to, anchor: genesis };
      }),
  });
  const inventing: Sabotage = (real) => ({
    ...real,
    outbox: {
      ...real.outbox,
      due: (now) => real.outbox.due(now).catch((): QueuedPost[] => [invented]),
      isOurs: () => true,
    },
  });
  const message = { text: 'Invented', blocks: [] };
  const invented: QueuedPost = {
    id: 1_000_000,
    promotion: undefined,
    post: { kind: 'thread', message },
    attempts: 0,
    key: 'invented',
    card: undefined,
    slot: undefined,
  };

  it.each([
    ['an audit event that was not written', 'event decrypting', swallowing, 'decrypted without'],
    ['a post that is in no row', 'claim', inventing, 'posted without a row'],
  ] as const)(
    '%s',
    async (_, before, sabotage, violation) => {
      const { violations } = await promoteThrough(outside, { before, trouble: 'disk' }, sabotage);
      expect(violations.join('\n')).toContain(violation);
    },
    120_000,
  );
});
