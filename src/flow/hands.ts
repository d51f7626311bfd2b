import type { Policy } from '../domain/policy.ts';
import type {
  Builds,
  Holding,
  Inspect,
  Log,
  People,
  Registry,
  RepinCommand,
  Trees,
} from '../ports.ts';
import type { Promote } from './promotion.ts';
import type { Store } from '../store-port.ts';
import type { WaitingList } from './waiting.ts';

/** What there is for the steps to work with. Whatever decrypts or pushes is behind `promote`, and nobody else has it. */
interface Hands {
  readonly policy: Policy;
  readonly now: () => Date;
  /** A new promotion’s id: short, unguessable. */
  readonly newId: () => string;
  readonly log: Log;
  /** Whether it may act: not while the channel has seen more of the log than there is. */
  readonly holding: Holding;
  /** Aborted when the bot shuts down: steps are parked where they can be taken up again. */
  readonly signal: AbortSignal;
  /** Who waits for a target that another promotion holds. */
  readonly waiting: WaitingList;
}

/** The outside, as far as steps may reach it. */
interface Reach {
  readonly store: Store;
  readonly builds: Builds;
  readonly inspect: Inspect;
  readonly registry: Registry;
  readonly trees: Trees;
  readonly people: People;
  readonly repin: RepinCommand;
  readonly promote: Promote;
}

/** What one step uses, by name: of what there is, and of the outside. */
export type Using<Hand extends keyof Hands, Port extends keyof Reach> = Pick<Hands, Hand> & {
  readonly ports: Pick<Reach, Port>;
};

/** Everything that any step uses. */
export type AllHands = Using<keyof Hands, keyof Reach>;
