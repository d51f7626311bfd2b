import type { Using } from './hands.ts';
import type { Ledger, Published } from '../ports.ts';
import { publishedIn } from './published.ts';
import { createPushLedger } from './push-ledger.ts';

/** What our own knowledge is read from. */
export type Knowing = Using<'policy' | 'log', 'store'>;

/** What the bot knows by itself of the registry, and asks nobody else: the layers of its ledger, the digests of its log. */
export function ownKnowledge({ ports, policy, log }: Knowing): {
  readonly ledger: Ledger;
  readonly published: Published;
} {
  return {
    ledger: createPushLedger(ports.store.ledger, log),
    published: publishedIn(ports.store, policy.registry.url),
  };
}
