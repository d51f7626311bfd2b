import { PromotionError } from '../domain/errors.ts';
import type { Holding } from '../ports.ts';
import { findDoubt, type Standing } from './log-decides.ts';
import type { Change, Note, Store } from '../store-port.ts';
import { statesThat, type Promotion } from '../domain/states.ts';

/** Notes of who only looked, or was refused: without them nothing is different. */
const idle: readonly string[] = ['refused', 'checked'];

/** What is done on the strength of approvals. */
const onward = statesThat('goes on from approvals');

/**
 * The store as the bot may use it. While it holds, nothing is written, whoever wants to: it would stand where the lost
 * events stood. And whatever stands on approvals, the decryption above all, is done only where the log says the same as
 * the row: there is no other way to the events that go before it. Throws `bot-holds` and `log-disagrees`.
 */
export function guardedStore<S extends Store>(
  store: S,
  holding: Pick<Holding, 'held' | 'doubt'>,
): S {
  const assertFree = (): void => {
    const held = holding.held();
    if (held) throw new PromotionError(held);
  };
  const assertLogged = async (promotion: Promotion): Promise<void> => {
    if (!isStanding(promotion)) return;
    const doubt = await findDoubt(promotion, store);
    if (!doubt) return;
    holding.doubt(promotion.id);
    throw new PromotionError(doubt);
  };
  return {
    ...store,
    create: async (creation) => {
      assertFree();
      return store.create(creation);
    },
    change: async (change: Change) => {
      assertFree();
      if (change.from && onward.includes(change.to.state)) await assertLogged(change.from);
      return store.change(change);
    },
    note: async (note: Note) => {
      if (holding.held() && idle.includes(note.event.kind)) {
        return { outcome: 'noted', anchor: await store.head() };
      }
      assertFree();
      return store.note(note);
    },
  };
}

function isStanding(promotion: Promotion): promotion is Standing {
  return (
    promotion.state === 'approved' ||
    promotion.state === 'pushing' ||
    promotion.state === 'promoted'
  );
}
