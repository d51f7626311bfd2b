import { expectTypeOf, it } from 'vitest';
import type { createDecisions } from '../../src/flow/decisions.ts';
import type { AllHands } from '../../src/flow/hands.ts';
import type { warnOfImpostor } from '../../src/flow/impostors.ts';
import type { inMeasure } from '../../src/flow/measure.ts';
import type { amongMembers } from '../../src/flow/membership.ts';
import type { imageOf, move } from '../../src/flow/moves.ts';
import type { ownKnowledge } from '../../src/flow/own-knowledge.ts';
import type { showPush, showReading } from '../../src/flow/progress.ts';
import type { createPromote, findObstacle, Promote } from '../../src/flow/promotion.ts';
import type { propose, refuseAsked } from '../../src/flow/proposing.ts';
import type { endPush, expire, failApproved, finish, push } from '../../src/flow/pushing.ts';
import type { tellInterrupted } from '../../src/flow/repin-ends.ts';
import type { createRepins } from '../../src/flow/repinning.ts';
import type { report } from '../../src/flow/reporting.ts';
import type { isTagPut } from '../../src/flow/tagged.ts';
import type { createWaitingList } from '../../src/flow/waiting.ts';
import type { createWork } from '../../src/flow/work.ts';

/** Everything that a step can name: of its options, and of the ports in them. */
type Names<T> = T extends unknown
  ? keyof T | (T extends { readonly ports: infer Ports } ? keyof Ports : never)
  : never;

type Decrypting = 'secrets' | 'engine';

/** What the steps are given, each in full. */
interface Given {
  readonly createDecisions: Parameters<typeof createDecisions>;
  readonly warnOfImpostor: Parameters<typeof warnOfImpostor>;
  readonly inMeasure: Parameters<typeof inMeasure>;
  readonly amongMembers: Parameters<typeof amongMembers>;
  readonly imageOf: Parameters<typeof imageOf>;
  readonly move: Parameters<typeof move>;
  readonly ownKnowledge: Parameters<typeof ownKnowledge>;
  readonly showPush: Parameters<typeof showPush>;
  readonly showReading: Parameters<typeof showReading>;
  readonly findObstacle: Parameters<typeof findObstacle>;
  readonly promote: Parameters<Promote>;
  readonly propose: Parameters<typeof propose>;
  readonly refuseAsked: Parameters<typeof refuseAsked>;
  readonly push: Parameters<typeof push>;
  readonly endPush: Parameters<typeof endPush>;
  readonly expire: Parameters<typeof expire>;
  readonly failApproved: Parameters<typeof failApproved>;
  readonly finish: Parameters<typeof finish>;
  readonly createRepins: Parameters<typeof createRepins>;
  readonly tellInterrupted: Parameters<typeof tellInterrupted>;
  readonly report: Parameters<typeof report>;
  readonly isTagPut: Parameters<typeof isTagPut>;
  readonly createWaitingList: Parameters<typeof createWaitingList>;
  readonly createWork: Parameters<typeof createWork>;
}

it('no step can name what decrypts the credentials, or what pushes with them', () => {
  type Named = Names<Given[keyof Given][number]>;
  expectTypeOf<Extract<Named, Decrypting>>().toEqualTypeOf<never>();
  expectTypeOf<Extract<Names<AllHands>, Decrypting>>().toEqualTypeOf<never>();
  // The one that can, so that the question is known to find it.
  type Made = Names<Parameters<typeof createPromote>[0]>;
  expectTypeOf<Extract<Made, Decrypting>>().toEqualTypeOf<Decrypting>();
});

it('only an approved promotion whose push has begun can be carried out', () => {
  expectTypeOf<Parameters<Promote>[0]['state']>().toEqualTypeOf<'pushing'>();
});

it('who waits, what is measured and who is a member have nothing to do with a push', () => {
  type Other = Names<
    | Parameters<typeof createWaitingList>[number]
    | Parameters<typeof inMeasure>[1]
    | Parameters<typeof amongMembers>[1]
    | Parameters<typeof createRepins>[0]
    | Parameters<typeof createDecisions>[0]
  >;
  expectTypeOf<Extract<Other, 'promote'>>().toEqualTypeOf<never>();
});
