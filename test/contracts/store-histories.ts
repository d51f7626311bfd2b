import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyLog } from '../../src/audit.ts';
import { PromotionError } from '../../src/errors.ts';
import type { Store } from '../../src/ports.ts';
import { holdsTarget, type Promotion } from '../../src/states.ts';
import type { FreshDatabase } from '../store/fresh.ts';
import {
  approvalOf,
  asked,
  at,
  eventOf,
  pending,
  pushing,
  rejected,
  thread,
} from '../store/promotions.ts';

/** Random histories: the short form; the long one sets STORE_HISTORIES. */
const histories = Number(process.env['STORE_HISTORIES'] ?? 60);
const length = 30;

const step = fc.record({
  do: fc.oneof(
    { weight: 12, arbitrary: fc.constant('move' as const) },
    { weight: 4, arbitrary: fc.constant('create' as const) },
    { weight: 2, arbitrary: fc.constant('note' as const) },
    { weight: 1, arbitrary: fc.constant('reopen' as const) },
  ),
  move: fc.nat({ max: 99 }),
  id: fc.nat({ max: 2 }),
  tag: fc.nat({ max: 1 }),
  person: fc.nat({ max: 2 }),
  /** How many versions ago the decision was made. */
  late: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.nat({ max: 2 }) },
  ),
  envelope: fc.option(fc.nat({ max: 40 }), { nil: undefined }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Random histories against a model of a few lines: the same answers, and the same at the end. */
export function historiesContract(name: string, fresh: () => Promise<FreshDatabase>): void {
  describe(`${name}: ${histories} random histories of ${length} steps`, () => {
    let database: FreshDatabase;
    let store: Store;
    const options = { now: () => new Date(at) };

    beforeAll(async () => {
      database = await fresh();
      store = await database.open(options);
    });

    afterAll(async () => {
      await store.close();
      await database.remove();
    });

    it('all end as the model says', async () => {
      let history = 0;
      const outcomes: Record<string, number> = {};
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { minLength: length, maxLength: length }),
          async (steps) => {
            history += 1;
            const model = new Model(`h${history}`);
            for (const it_ of steps) {
              if (it_.do === 'reopen') {
                await store.close();
                store = await database.open(options);
                continue;
              }
              const attempt = model.attempt(it_);
              if (!attempt) continue;
              const expected = model.take(attempt);
              const actual = await perform(store, attempt);
              outcomes[expected] = (outcomes[expected] ?? 0) + 1;
              expect(actual, JSON.stringify(it_)).toBe(expected);
            }
            await expectSame(store, model);
          },
        ),
        { numRuns: histories },
      );
      expect(await verifyLog(store.events())).toMatchObject({ ok: true });
      // The histories must have been about something.
      if (histories >= 50) {
        expect(Object.keys(outcomes).toSorted()).toEqual([
          'busy',
          'changed',
          'duplicate',
          'noted',
          'stale',
          'thrown',
        ]);
      }
    }, 600_000);
  });
}

interface Attempt {
  readonly from: Promotion | undefined;
  /** `undefined`: a note. */
  readonly to: Promotion | undefined;
  readonly id: string;
  readonly envelope: string | undefined;
}

/** What a store has to remember, as simply as it can be said. */
class Model {
  readonly versions = new Map<string, Promotion[]>();
  readonly events = new Map<string, number>();
  readonly #envelopes = new Set<string>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The step as a change of what was known then; `undefined` where there was nothing to decide on. */
  attempt({ do: what, move, id: n, tag, person, late, envelope }: Step): Attempt | undefined {
    const id = `${this.#prefix}-p${n}`;
    const of = {
      id,
      envelope: envelope === undefined ? undefined : `${this.#prefix}-e${envelope}`,
    };
    if (what === 'note') return { ...of, from: undefined, to: undefined };
    if (what === 'create') return { ...of, from: undefined, to: asked(id) };
    const known = this.versions.get(id) ?? [];
    const from = known[Math.max(0, known.length - 1 - late)];
    const choices = from && moves(from, { tag: `${this.#prefix}-v${tag}`, person: `U${person}` });
    const to = choices?.[move % choices.length];
    return to && { ...of, from, to };
  }

  take({ from, to, id, envelope }: Attempt): string {
    if (envelope !== undefined && this.#envelopes.has(envelope)) return 'duplicate';
    if (to) {
      const now = this.versions.get(id)?.at(-1);
      if (now?.version !== from?.version) return 'stale';
      if (this.#isBusy(to)) return 'busy';
      if (countsTwice(now, to)) return 'thrown';
      const stored = { ...to, version: (from?.version ?? 0) + 1 };
      this.versions.set(id, [...(this.versions.get(id) ?? []), stored]);
    }
    if (envelope !== undefined) this.#envelopes.add(envelope);
    this.events.set(id, (this.events.get(id) ?? 0) + 1);
    return to ? 'changed' : 'noted';
  }

  #isBusy(to: Promotion): boolean {
    const target = heldBy(to);
    return (
      target !== undefined &&
      [...this.versions.values()].some((all) => {
        const other = all.at(-1);
        return other && other.id !== to.id && heldBy(other) === target;
      })
    );
  }
}

/** Where a promotion may go from here; likelier ones more than once. */
function moves(
  from: Promotion,
  { tag, person }: { tag: string; person: string },
): readonly Promotion[] {
  const withdrawn: Promotion = { ...from, state: 'withdrawn', endedAt: at };
  switch (from.state) {
    case 'asked':
      return [...Array<Promotion>(5).fill(pending(from, tag)), withdrawn];
    case 'pending': {
      const approvals = [...from.approvals, approvalOf(from, person)];
      const more: Promotion = { ...from, approvals };
      const enough: Promotion = { ...from, state: 'approved', approvals };
      return [more, more, more, enough, enough, rejected(from, person), withdrawn];
    }
    case 'approved':
      return [pushing(from), pushing(from), withdrawn];
    case 'pushing': {
      const failure = { outcome: 'refused', reason: 'interrupted', facts: {} } as const;
      return [{ ...from, state: 'failed', failure, endedAt: at }];
    }
    case 'failed':
      return [{ ...from, state: 'approved' }];
    default:
      return [];
  }
}

function heldBy(promotion: Promotion): string | undefined {
  return holdsTarget.includes(promotion.state) && promotion.state !== 'asked'
    ? promotion.plan?.target.tag
    : undefined;
}

function countsTwice(before: Promotion | undefined, to: Promotion): boolean {
  const persons = (it_: Promotion | undefined) =>
    it_ && it_.state !== 'asked' ? (it_.approvals ?? []).map(({ person }) => person) : [];
  const added = persons(to).slice(persons(before).length);
  return added.some((person) => persons(before).includes(person));
}

async function perform(store: Store, { from, to, id, envelope }: Attempt): Promise<string> {
  const event = eventOf(to?.state ?? 'note');
  const posts = () => [thread(event.kind)];
  try {
    const result = to
      ? await store.change({ from, to, event, posts, envelope })
      : await store.note({ promotion: id, event, posts, envelope });
    return result.outcome;
  } catch (error) {
    if (error instanceof PromotionError && error.reason === 'database-failed') return 'thrown';
    throw error;
  }
}

async function expectSame(store: Store, model: Model): Promise<void> {
  for (const [id, versions] of model.versions) {
    expect(await store.get(id)).toEqual(JSON.parse(JSON.stringify(versions.at(-1))));
  }
  for (const [id, count] of model.events) {
    expect(await Array.fromAsync(store.events({ promotion: id }))).toHaveLength(count);
  }
}
