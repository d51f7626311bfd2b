import type { Using } from './hands.ts';
import { imageOf } from './moves.ts';
import { wasTagging } from './published.ts';
import type { Approved, Pushing } from '../domain/states.ts';
import { policyChange } from './unchanged.ts';

/** What looking for a tag that was put takes. */
export type AskingTag = Using<'policy', 'registry' | 'store'>;

/**
 * Whether a push that was cut off had put its tag: the log says that it was about to, with which digest, and that is
 * what anybody sees under the tag. Not asked under another configuration, which may lead to another registry.
 */
export async function isTagPut(
  promotion: Approved | Pushing,
  options: AskingTag,
): Promise<boolean> {
  const { policy, ports } = options;
  const { plan } = promotion;
  if (promotion.state !== 'pushing' || !promotion.tagging) return false;
  if (policyChange(plan, { policy, image: imageOf(plan.image, options) })) return false;
  const now = await ports.registry.look(plan.target);
  return now.state === 'holds' && (await wasTagging(ports.store, promotion.id, now.digest));
}
