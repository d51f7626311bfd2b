import type { LogCheck, ChainedEvent } from './event.ts';
import type { AuditKeys } from './audit-keys.ts';
import type { Anchor } from './post.ts';

/** The event with which signing begins in a log that was begun before events were signed: the end of what is unsigned. */
export const signingBegan = 'signing-began';

/**
 * Whether the log is signed. A signature vouches for its event and, through the chain, for all before it; and the bot
 * signs nothing behind an event that is not signed itself. So one signature decides, the last; of the others it is
 * asked that they are there. What was written before events were signed is known by the event with which it began.
 */
export function signatureCheck({ isSigned }: Pick<AuditKeys, 'isSigned'>): LogCheck {
  const missing: [first: number, last: number][] = [];
  let before: Anchor | undefined;
  let last: ChainedEvent | undefined;
  let hasBegun = false;
  const problems: string[] = [];
  return {
    take(event) {
      last = event;
      if (event.signature === undefined) {
        const run = missing.at(-1);
        if (!hasBegun) before = event;
        else if (run?.[1] === event.seq - 1) run[1] = event.seq;
        else missing.push([event.seq, event.seq]);
        return;
      }
      if (!hasBegun && before && !endsUnsigned(event, before)) {
        problems.push(`${events(1, before.seq)} not signed`);
        before = undefined;
      }
      hasBegun = true;
    },
    problems() {
      for (const [from, to] of missing) problems.push(`${events(from, to)} not signed`);
      if (last && !hasBegun) return [`no event is signed`];
      if (last?.signature !== undefined && !isSigned(last)) {
        problems.push(`event ${last.seq} is not signed with the bot’s key: somebody else wrote it`);
      }
      return problems;
    },
    notes: () =>
      before && hasBegun
        ? [
            `${before.seq === 1 ? 'event 1 was' : `events 1 to ${before.seq} were`} written before events were signed`,
          ]
        : [],
  };
}

function endsUnsigned({ kind, data }: ChainedEvent, { seq, hash }: Anchor): boolean {
  const named = data as Partial<Anchor>;
  return kind === signingBegan && named.seq === seq && named.hash === hash;
}

function events(from: number, to: number): string {
  return from === to ? `event ${from} is` : `events ${from} to ${to} are`;
}
