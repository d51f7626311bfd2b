import type { Change, Changed, Store } from '../../../src/store-port.ts';
import type { Promotion } from '../../../src/domain/states.ts';

/** Guards that a negative control takes away: the same test must then find what the guard prevents. */
export type Guard = 'second-person' | 'compare-and-set' | 'hold' | 'inbox';

/** The store as it would be without one of its guards. */
export function without(guard: Guard | undefined, store: Store): Store {
  switch (guard) {
    case undefined:
      return store;
    case 'second-person':
      return whoeverAsked(store);
    case 'compare-and-set':
      return { ...store, change: (change) => lastOneWins(change, store) };
    case 'hold':
      return { ...store, hold: (_, work) => work(new AbortController().signal) };
    case 'inbox':
      return {
        ...store,
        create: (change) => store.create({ ...change, envelope: undefined }),
        change: (change) => store.change({ ...change, envelope: undefined }),
        note: (note) => store.note({ ...note, envelope: undefined }),
      };
  }
}

/** Whoever clicks, the bot believes that somebody else had asked. */
function whoeverAsked(store: Store): Store {
  const somebody = 'U0DORA001';
  const asked = new Map<string, string>();
  const hide = <T extends Promotion | undefined>(promotion: T): T => {
    if (!promotion) return promotion;
    asked.set(promotion.id, promotion.requester);
    return { ...promotion, requester: somebody };
  };
  const show = <T extends Promotion>(promotion: T): T => ({
    ...promotion,
    requester: asked.get(promotion.id) ?? promotion.requester,
  });
  return {
    ...store,
    get: async (id) => hide(await store.get(id)),
    change: ({ from, to, ...change }) =>
      store.change({ ...change, from: from && show(from), to: show(to) }),
  };
}

/** What was decided on an older version is written over what came since. */
async function lastOneWins(change: Change, store: Store): Promise<Changed> {
  for (;;) {
    const changed = await store.change(change);
    if (changed.outcome !== 'stale') return changed;
    const from = await store.get(change.to.id);
    if (!from) return changed;
    const again = await store.change({ ...change, from });
    if (again.outcome !== 'stale') return again;
  }
}
