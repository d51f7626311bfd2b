import { type Delivery, type Answer, answer } from '../domain/delivery.ts';
import type { Refusal } from '../domain/errors.ts';
import { refused } from '../words/messages.ts';
import type { Store } from '../store-port.ts';

/** A refused line or click is worth an audit event; the person alone sees why. */
export async function answerRefusal(
  refusal: Refusal,
  delivery: Delivery & { readonly promotion?: string },
  store: Store,
): Promise<Answer> {
  const { reason, facts } = refusal;
  const noted = await store.note({
    event: { kind: 'refused', actor: delivery.user, data: { reason, facts } },
    envelope: delivery.envelope,
    promotion: delivery.promotion,
  });
  return noted.outcome === 'duplicate' ? { show: 'nothing' } : answer(refused(refusal));
}
