import { canonical } from '../domain/canonical.ts';
import type { Promotion } from '../domain/states.ts';
import type { Tx } from './database.ts';
import type { DecisionRow } from './schema.ts';

/**
 * Adds a row for each decision that `to` has and `from` had not. A second one of the same person and kind violates
 * the table's key, and with it the whole change fails: whatever the rules above let through, nobody counts twice.
 */
export async function addDecisions(
  tx: Tx,
  from: Promotion | undefined,
  to: Promotion,
): Promise<void> {
  // Each known one accounts for one: the same decision a second time is an added one too.
  const known = from ? decisionsOf(from).map(canonical) : [];
  const added = decisionsOf(to).filter((decision) => {
    const at = known.indexOf(canonical(decision));
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
  if (added.length > 0) await tx.insertInto('decision').values(added).execute();
}

function decisionsOf(promotion: Promotion): DecisionRow[] {
  if (promotion.state === 'asked') return [];
  const approvals = (promotion.approvals ?? []).map(
    ({ person, user, planHash, at }): DecisionRow => ({
      promotion: promotion.id,
      person,
      kind: 'approval',
      account: user,
      plan_hash: planHash,
      at,
    }),
  );
  if (promotion.state !== 'rejected') return approvals;
  const { id, by, planHash, endedAt } = promotion;
  return [
    ...approvals,
    {
      promotion: id,
      person: by,
      kind: 'rejection',
      account: by,
      plan_hash: planHash,
      at: endedAt,
    },
  ];
}
