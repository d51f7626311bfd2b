import { isIntact } from '../domain/audit.ts';
import type { AuditKeys } from '../domain/audit-keys.ts';
import { continueStory, type Story } from '../domain/audit-story.ts';
import { canonical, canonicalHash } from '../domain/canonical.ts';
import { refuse, type Refusal } from '../domain/errors.ts';
import type { Approved, Promoted, Pushing } from '../domain/states.ts';
import type { Store } from '../store-port.ts';
import type { ChainedEvent } from '../domain/event.ts';

/** What stands on approvals. */
export type Standing = Approved | Pushing | Promoted;

/**
 * Whether the log tells of this promotion what its row says; where it does not, the refusal that ends it. The row is
 * only what the log says, kept at hand, and whoever can write into the database can change it; the log is signed. Read
 * from this promotion’s first event to the log’s end, so that an event that was taken out is missed.
 */
export async function findDoubt(
  promotion: Standing,
  store: Pick<Store, 'events' | 'keys'>,
): Promise<Refusal | undefined> {
  const problem = await disagreement(promotion, store);
  return problem === undefined ? undefined : refuse('log-disagrees', { problem });
}

async function disagreement(
  promotion: Standing,
  { events, keys }: Pick<Store, 'events' | 'keys'>,
): Promise<string | undefined> {
  if (!keys) return 'there is no key to verify it with';
  const first = await firstOf(events({ promotion: promotion.id }));
  if (!first) return 'it knows nothing of it';
  const story = await proven(events({ since: first.seq }), promotion.id, keys);
  return typeof story === 'string' ? story : differenceFrom(story, promotion);
}

async function firstOf(events: AsyncIterable<ChainedEvent>): Promise<ChainedEvent | undefined> {
  for await (const event of events) return event;
  return undefined;
}

/** The promotion’s story, every event of it signed; from there on the chain is whole up to an end that is signed. */
async function proven(
  events: AsyncIterable<ChainedEvent>,
  id: string,
  keys: AuditKeys,
): Promise<Story | string> {
  let last: ChainedEvent | undefined;
  let story: Story | undefined;
  for await (const event of events) {
    const { seq, previous, promotion } = event;
    const follows = !last || (previous === last.hash && seq > last.seq);
    if (!follows || !isIntact(event))
      return `its event ${seq} was changed, or one before it taken out`;
    last = event;
    if (promotion !== id) continue;
    if (!keys.isSigned(event)) return `its event ${seq} is not signed`;
    const next = continueStory(story, event);
    if (typeof next === 'string') return `its event ${seq} may not stand there: ${next}`;
    story = next;
  }
  if (!last || !keys.isSigned(last)) return 'its end is not signed';
  return story ?? 'it knows nothing of it';
}

function differenceFrom(story: Story, promotion: Standing): string | undefined {
  const { planned } = story;
  if (story.state !== promotion.state) return `it says ${story.state}, not ${promotion.state}`;
  if (story.requester !== promotion.requester) return 'somebody else had asked';
  if (
    canonicalHash(promotion.plan) !== planned?.planHash ||
    promotion.planHash !== planned.planHash
  ) {
    return 'another plan was approved';
  }
  if (promotion.expires !== planned.expires) return `it says that it expires ${planned.expires}`;
  if (canonical(promotion.approvals) !== canonical(story.approvals)) return 'others approved it';
  if (promotion.state === 'promoted' && promotion.pushed.digest !== story.digest) {
    return `it says that ${story.digest} was published`;
  }
  return undefined;
}
