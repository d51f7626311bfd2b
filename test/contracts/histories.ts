import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/domain/audit.ts';
import { Bots } from '../helpers/deciding/bots.ts';
import { crashes, stops } from '../helpers/deciding/model.ts';
import type { Guard } from '../helpers/deciding/broken-stores.ts';
import { histories, History, type Tally } from '../helpers/deciding/history.ts';
import { seedFrom } from '../../local/rig/random.ts';
import type { FreshDatabase } from '../helpers/store/fresh.ts';
import { counted } from '../helpers/counts.ts';

/** Random histories: the short form; the long one sets HISTORIES. */
const count = Number(process.env['HISTORIES'] ?? counted(15, 40));
const seed = seedFrom('HISTORIES_SEED');
/** Where in the shrinking a failure was, as it is printed with it: goes straight there. */
const path = process.env['HISTORIES_PATH'];
const length = 30;

export interface HistoriesOptions {
  readonly fresh: () => Promise<FreshDatabase>;
  readonly hasReplicas: boolean;
}

/** Everything that can happen to a request, in any order and on several bots, against a model of what must come of it. */
export function historiesContract(name: string, { fresh, hasReplicas }: HistoriesOptions): void {
  describe(`${name}: random histories of ${length} operations on 2 to 4 bots`, () => {
    async function play(numRuns: number, missing?: Guard) {
      const tally: Tally = new Map();
      let number = 0;
      let world = await start();

      async function start() {
        const database = await fresh();
        return { database, bots: await Bots.start({ database, hasReplicas, missing }) };
      }

      async function stop() {
        const log = await verifyLog(world.bots.store.events());
        await world.bots.close();
        await world.database.remove();
        return log;
      }

      const property = fc.asyncProperty(histories(length), async ({ bots: size, operations }) => {
        const history = new History(world.bots, { number: (number += 1), size, tally });
        try {
          for (const operation of operations) await history.play(operation);
          await history.end();
        } catch (error) {
          // What it left behind must be in nobody’s way.
          await stop();
          world = await start();
          throw error;
        }
      });
      const result = await fc.check(property, {
        numRuns,
        seed,
        // What was found in a broken bot need not be made small.
        ...(missing ? { endOnFailure: true } : path === undefined ? {} : { path }),
      });
      return { result, tally, log: await stop(), played: number };
    }

    it(`${count} all end as the model says`, async () => {
      const begun = performance.now();
      const { result, tally, log, played } = await play(count);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.info(`${name}: ${played} histories (HISTORIES_SEED=${seed}) in ${seconds} s`);
      if (result.failed) {
        throw new Error(`${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`);
      }
      expect(log).toMatchObject({ ok: true });
      if (count < 200) return;
      // They must have been about something.
      for (const kind of everyKind) expect(tally.get(kind), kind).toBeGreaterThan(0);
    }, 3_600_000);

    it.each<Guard>(['compare-and-set', 'inbox', ...(hasReplicas ? (['hold'] as const) : [])])(
      'are seen to go wrong without the %s',
      async (guard) => {
        const { result, played } = await play(300, guard);
        const what = String(result.errorInstance).split('\n').slice(0, 2).join(' ');
        console.info(`${name} without ${guard}, history ${played}: ${what}`);
        expect(result.failed).toBe(true);
        // Where the model does not see it first, the database’s unique index does.
        expect(String(result.errorInstance)).toMatch(
          /^Error: after |PostgreSQL says 23505|SQLite says (?:1555|2067)/,
        );
      },
      600_000,
    );
  });
}

const everyKind = [
  ...['approve', 'reject', 'withdraw', 'stop', 'retry'].map((deed) => `${deed}: counts`),
  ...['same-person', 'same-human', 'already-approved-by-you', 'another-plan'].map(
    (reason) => `approve: ${reason}`,
  ),
  'approve: approval-expired',
  'approve: not-a-member',
  'withdraw: not-yours',
  ...['succeeds', 'fails', 'refuses', ...crashes, ...stops].map((fate) => `a push ${fate}`),
  'overtaken',
];
