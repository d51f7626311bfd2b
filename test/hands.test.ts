import { expectTypeOf, it } from 'vitest';
import type { createDecisions } from '../src/decisions.ts';
import type { AllHands } from '../src/hands.ts';
import type { warnOfImpostor } from '../src/impostors.ts';
import type { inMeasure } from '../src/measure.ts';
import type { amongMembers } from '../src/membership.ts';
import type { imageOf, move } from '../src/moves.ts';
import type { ownKnowledge } from '../src/own-knowledge.ts';
import type { showPush, showReading } from '../src/progress.ts';
import type { createPromote, findObstacle, Promote } from '../src/promotion.ts';
import type { propose, refuseAsked } from '../src/proposing.ts';
import type { endPush, expire, failApproved, finish, push } from '../src/pushing.ts';
import type { tellInterrupted } from '../src/repin-ends.ts';
import type { createRepins } from '../src/repinning.ts';
import type { report } from '../src/reporting.ts';
import type { isTagPut } from '../src/tagged.ts';
import type { createWaitingList } from '../src/waiting.ts';
import type { createWork } from '../src/work.ts';

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
